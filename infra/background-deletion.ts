/**
 * Annotation of an object whose controller makes dependent objects again, even while the object is being deleted.
 * Pulumi deletes in the foreground: the object stays until the garbage collector has removed its dependents. Controller
 * and collector would then work against each other for ever, and `destroy` would not end. In the background the object
 * itself is deleted first.
 */
export const backgroundDeletion = { "pulumi.com/deletionPropagationPolicy": "background" } as const;
