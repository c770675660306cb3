interface Api {
  fetchApi(route: string, options?: RequestInit): Promise<Response>
  apiURL(route: string): string
  addEventListener(event: string, listener: (event: CustomEvent) => void, options?: AddEventListenerOptions): void
  dispatchEvent(event: CustomEvent): boolean
}
export const api: Api
