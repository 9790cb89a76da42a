internal import CRdKafka

/// One record as it lies in librdkafka's memory: nothing is copied. Valid as long as its ``MessageBatch`` is.
public struct Message: @unchecked Sendable {
    /// Index into ``MessageBatch/topicNames``.
    public let topic: Int
    public let partition: Int32
    public let offset: Int64
    /// Milliseconds since 1970, as the topic's `message.timestamp.type` has it; -1 if the record has none.
    public let timestampMilliseconds: Int64
    /// Nil for a record without a key, which differs from an empty one.
    public let key: UnsafeRawBufferPointer?
    /// Nil for a tombstone, which differs from an empty value.
    public let value: UnsafeRawBufferPointer?

    let raw: UnsafeMutablePointer<rd_kafka_message_t>

    init(_ raw: UnsafeMutablePointer<rd_kafka_message_t>, topic: Int) {
        self.raw = raw
        self.topic = topic
        partition = raw.pointee.partition
        offset = raw.pointee.offset
        timestampMilliseconds = rd_kafka_message_timestamp(raw, nil)
        key = raw.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: raw.pointee.key_len) }
        value = raw.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: raw.pointee.len) }
    }
}

extension Message {
    /// All headers in their order; a value is nil where the header has none. Parsed on the first call, so headers of
    /// one record must not be asked for on two threads at the same time.
    public var headers: [(name: String, value: UnsafeRawBufferPointer?)] {
        guard let list = headerList else { return [] }
        var headers: [(name: String, value: UnsafeRawBufferPointer?)] = []
        headers.reserveCapacity(rd_kafka_header_cnt(list))
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            let bytes = value.map { UnsafeRawBufferPointer(start: $0, count: size) }
            headers.append((name.map { String(cString: $0) } ?? "", bytes))
        }
        return headers
    }

    /// The value of the last header of that name; nil if there is none (or it has no value).
    public func header(_ name: StaticString) -> UnsafeRawBufferPointer? {
        guard let list = headerList else { return nil }
        var value: UnsafeRawPointer?
        var size = 0
        let name = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        guard rd_kafka_header_get_last(list, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return value.map { UnsafeRawBufferPointer(start: $0, count: size) }
    }

    private var headerList: OpaquePointer? {
        var list: OpaquePointer?
        return rd_kafka_message_headers(raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR ? list : nil
    }
}
