internal import CRdKafka

/// One header of a record to send.
public struct MessageHeader: Sendable, Hashable {
    public let name: String
    /// Nil for a header without a value.
    public let value: [UInt8]?

    public init(_ name: String, bytes: [UInt8]?) {
        self.name = name
        value = bytes
    }

    public init(_ name: String, _ text: String) {
        self.init(name, bytes: Array(text.utf8))
    }

    /// Its value as text.
    public var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }

    /// librdkafka's list, which it takes over when the record is queued.
    static func makeList(_ headers: [MessageHeader]) -> OpaquePointer {
        let list = rd_kafka_headers_new(headers.count)!
        for header in headers {
            if let value = header.value {
                value.withUnsafeBytes { bytes in
                    // An empty array may have no address, which would make it a header without a value.
                    withUnsafeBytes(of: UInt8(0)) { empty in
                        let start = bytes.baseAddress ?? empty.baseAddress
                        _ = rd_kafka_header_add(list, header.name, -1, start, bytes.count)
                    }
                }
            } else {
                rd_kafka_header_add(list, header.name, -1, nil, 0)
            }
        }
        return list
    }
}
