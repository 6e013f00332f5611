/** Name of the ConfigMap with the result of the last drill, by the name of the release. */
export const resultName = (release: string): string => `${release}-restore-drill`;
