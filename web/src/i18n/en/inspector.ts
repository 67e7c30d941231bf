// Calls of a device, and its history.

export const inspector = {
}
