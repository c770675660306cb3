/** What the pack uses of ComfyUI's page, for the type check of web/js only. */
export const app: any
