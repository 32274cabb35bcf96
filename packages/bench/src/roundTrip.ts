/** How far away the far server is. */
export const roundTripMillis = 50

/** And the one that durable delivery sends to. */
export const deliveryMillis = 20
