internal import CRdKafka

/// What went wrong in librdkafka or on a broker.
///
/// The three flags answer the only questions that a transactional application must ask, in this order: is the client
/// beyond repair (`isFatal`), must the transaction be aborted (`isAbortable`), may the very same call be made again
/// (`isRetriable`). An error with none of them set is final for that one operation.
public struct KafkaError: Error, Hashable, Sendable {
    /// librdkafka's number: negative for errors of the client itself, positive for those of Kafka's protocol.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: Int32

        public init(rawValue: Int32) {
            self.rawValue = rawValue
        }
    }

    public let code: Code
    /// A sentence from librdkafka or the broker; never contains a secret.
    public let message: String
    /// The client instance is unusable: close it and make a new one.
    public let isFatal: Bool
    /// The same call may be made again.
    public let isRetriable: Bool
    /// The current transaction must be aborted; then it may be done again.
    public let isAbortable: Bool

    public init(
        code: Code, message: String, isFatal: Bool = false, isRetriable: Bool = false, isAbortable: Bool = false
    ) {
        self.code = code
        self.message = message
        self.isFatal = isFatal
        self.isRetriable = isRetriable
        self.isAbortable = isAbortable
    }

    /// Another client with the same `transactional.id` or `group.instance.id` took over. The work of this one belongs
    /// to the other now, so its state must be dropped; this is always fatal for the client.
    public var isFenced: Bool {
        Code.fencing.contains(code)
    }

    /// librdkafka's short name of the code, such as `_TIMED_OUT` or `PRODUCER_FENCED`.
    public var name: String {
        String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(code.rawValue)))
    }
}

extension KafkaError: CustomStringConvertible {
    public var description: String {
        var flags: [String] = []
        if isFenced { flags.append("fenced") }
        if isFatal { flags.append("fatal") }
        if isAbortable { flags.append("abortable") }
        if isRetriable { flags.append("retriable") }
        let suffix = flags.isEmpty ? "" : " [\(flags.joined(separator: ", "))]"
        return "\(name): \(message)\(suffix)"
    }
}
