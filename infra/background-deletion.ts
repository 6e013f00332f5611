/**
 * Annotation for an object whose controller recreates dependent objects even while the object is being deleted. Pulumi
 * deletes in the foreground: the object stays until the garbage collector has removed its dependents. Controller and
 * garbage collector would then work against each other for ever, and `destroy` would never end. In the background, the
 * object itself is deleted first.
 */
export const backgroundDeletion = { "pulumi.com/deletionPropagationPolicy": "background" } as const;
