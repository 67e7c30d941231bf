// How the server itself is.

export const health = {
}
