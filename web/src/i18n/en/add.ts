// Adding a PC.

export const add = {
}
