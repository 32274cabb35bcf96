/** How far away the far server is. */
export const roundTripMillis = 50
