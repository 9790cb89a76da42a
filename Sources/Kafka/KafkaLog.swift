/// One line of librdkafka's own log.
public struct KafkaLogLine: Sendable {
    /// Syslog's number: 3 error, 4 warning, 5 notice, 6 info, 7 debug.
    public let level: Int32
    /// librdkafka's short name of what it is about, such as `FAIL` or `REBALANCE`.
    public let facility: String
    public let message: String

    public init(level: Int32, facility: String, message: String) {
        self.level = level
        self.facility = facility
        self.message = message
    }
}

/// Receives librdkafka's log lines, on whatever thread writes them, librdkafka's own too: it has to be quick, and must not
/// call the client.
public typealias KafkaLog = @Sendable (KafkaLogLine) -> Void
