// Drives and the library of images.

export const media = {
}
