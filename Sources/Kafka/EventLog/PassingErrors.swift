/// Errors that may pass, so that each is said when it begins and not again while it lasts: librdkafka repeats them with
/// every attempt to connect.
struct PassingErrors {
    private var heardAt: [KafkaError.Code: ContinuousClock.Instant] = [:]
    /// An error that was not heard for so long has passed. Attempts to connect are seconds apart (`reconnect.backoff.max.ms`).
    private static let pause = Duration.seconds(60)

    /// Whether it was not heard of a moment ago.
    mutating func begins(_ code: KafkaError.Code, now: ContinuousClock.Instant) -> Bool {
        defer { heardAt[code] = now }
        return heardAt[code].map { now - $0 > Self.pause } ?? true
    }
}
