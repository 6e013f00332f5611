/**
 * Annotation of an object whose controller makes again what belongs to it, even while the object is being deleted.
 * Pulumi deletes in the foreground: the object stays until the garbage collector has removed what belongs to it. The
 * two of them would go on for ever, and `destroy` with them. In the background the object goes first.
 */
export const backgroundDeletion = { "pulumi.com/deletionPropagationPolicy": "background" } as const;
