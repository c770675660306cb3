interface Api {
  fetchApi(route: string, options?: RequestInit): Promise<Response>
  apiURL(route: string): string
  addEventListener(event: string, listener: (event: CustomEvent) => void): void
}
export const api: Api
