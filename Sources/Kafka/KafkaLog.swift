/// One line of librdkafka's own log.
public struct KafkaLogLine: Sendable {
    /// Syslog's number: 3 error, 4 warning, 5 notice, 6 info, 7 debug.
    public let level: Int32
    /// librdkafka's short name of what it is about, such as `FAIL` or `REBALANCE`.
    public let facility: String
    public let message: String
}

/// Receives librdkafka's log lines, on the thread that polls the client (never on one of librdkafka's own).
public typealias KafkaLog = @Sendable (KafkaLogLine) -> Void
