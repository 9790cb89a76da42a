internal import Events

/// Why a record is a dead letter, and where it comes from.
struct DeadLetterOrigin {
    var code: RejectionCode
    var detail: String
    var topic: String
    var partition: Int32
    var offset: Int64
    /// Of a letter that holds no record but output which its topic did not take: that topic.
    var output: LogTopic?

    /// As headers, behind the record's own.
    var headers: [RecordHeader] {
        var all = [
            ("freshet.reason", code.rawValue), ("freshet.detail", detail), ("freshet.topic", topic),
            ("freshet.partition", String(partition)), ("freshet.offset", String(offset)),
        ]
        if let output { all.append(("freshet.output", "\(output)")) }
        return all.map { ($0.0, Array($0.1.utf8)) }
    }

    /// The letter about a record, in at most so many bytes. Where they do not suffice, the value is left out first, then
    /// key and headers of its own: it still says where the record is.
    func letter(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, own: [RecordHeader], bytesMax: Int
    ) -> (key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: [RecordHeader], isWhole: Bool) {
        let whole = own + headers
        let keyBytes = key?.count ?? 0
        let valueBytes = value?.count ?? 0
        if keyBytes + valueBytes + Self.size(whole) <= bytesMax { return (key, value, whole, true) }
        let leftOut = headers + [("freshet.left-out", Array(String(valueBytes).utf8))]
        let rest = own + leftOut
        return keyBytes + Self.size(rest) <= bytesMax ? (key, nil, rest, false) : (nil, nil, leftOut, false)
    }

    /// In a record, with the lengths before name and value.
    static func size(_ headers: [RecordHeader]) -> Int {
        headers.reduce(0) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) + 10 }
    }
}

extension Rejection {
    /// A record that is no JSON may have said so in its header. Headers are read for these alone: most records have none that
    /// matter, and looking costs each of them.
    func namingCodec(of record: borrowing LogRecord) -> Rejection {
        guard [.malformedJSON, .notUTF8, .notAnObject].contains(code),
            let header = record.headers.last(where: { $0.name.lowercased() == "content-type" }),
            let type = header.value.map({ String(decoding: $0, as: UTF8.self).lowercased() }), !type.contains("json")
        else { return self }
        return Rejection(.unknownCodec)
    }
}
