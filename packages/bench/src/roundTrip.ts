/** How far away the relay puts a server. */
export const roundTripMillis = 50
