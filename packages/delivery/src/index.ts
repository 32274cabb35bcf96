/**
 * Durable delivery of Apple push notifications.
 *
 * @since 0.1.0
 */
export {}
