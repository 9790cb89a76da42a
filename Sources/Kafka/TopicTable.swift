internal import CRdKafka
internal import Synchronization

/// Gives every topic that a consumer meets a small number, once and for all.
///
/// Handles are compared by name, never by address alone: a topic that was deleted and made again has another handle,
/// maybe at an address that another topic's had.
final class TopicTable: Sendable {
    private let list = Mutex<[String]>([])

    var names: [String] { list.withLock { $0 } }

    /// The topic's number, given now if it is new.
    func index(of handle: OpaquePointer?) -> Int {
        guard let handle, let name = rd_kafka_topic_name(handle) else { preconditionFailure("a message has a topic") }
        return list.withLock { names in
            for index in names.indices where names[index].utf8.elementsEqual(CStringBytes(start: name)) {
                return index
            }
            names.append(String(cString: name))
            return names.count - 1
        }
    }
}

/// The bytes of a C string up to its end, without copying them.
private struct CStringBytes: Sequence, IteratorProtocol {
    var start: UnsafePointer<CChar>

    mutating func next() -> UInt8? {
        guard start.pointee != 0 else { return nil }
        defer { start += 1 }
        return UInt8(bitPattern: start.pointee)
    }
}
