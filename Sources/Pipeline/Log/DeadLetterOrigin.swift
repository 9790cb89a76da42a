internal import Events

/// Why a record is a dead letter, and where it comes from.
struct DeadLetterOrigin {
    var code: RejectionCode
    var detail: String
    var topic: String
    var partition: Int32
    var offset: Int64

    /// As headers, behind the record's own.
    var headers: [(name: String, value: [UInt8]?)] {
        [
            ("freshet.reason", code.rawValue), ("freshet.detail", detail), ("freshet.topic", topic),
            ("freshet.partition", String(partition)), ("freshet.offset", String(offset)),
        ].map { ($0.0, Array($0.1.utf8)) }
    }
}
