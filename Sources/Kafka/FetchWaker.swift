internal import CRdKafka

/// Keeps a consumer that is slower than its broker from starving.
///
/// librdkafka before 2.2 stops fetching while its queue holds `queued.min.messages` records or
/// `queued.max.messages.kbytes`, and looks at the queue again only when something else wakes the broker's thread, or
/// after a second. An application that empties the queue sooner waits for that second: a loop that takes 3 µs a
/// record gets 0.14 M records/s instead of 0.31 M with the default limits, 0.06 M with half of them. Larger limits
/// only hide it, at 600 bytes of memory for each small record. So once the queue was full and is half empty, the
/// leaders of all assigned partitions are asked for an offset that nobody needs (1–3 ms), which wakes their threads.
struct FetchWaker {
    private let messagesMax: Int
    private let bytesMax: Int
    private var wasFull = false

    init(_ settings: KafkaSettings) {
        messagesMax = settings["queued.min.messages"].flatMap { Int($0) } ?? 100_000
        bytesMax = (settings["queued.max.messages.kbytes"].flatMap { Int($0) } ?? 65_536) * 1_024
    }

    /// To be called after each poll, with the number of its records and their bytes.
    mutating func wakeIfStalled(_ client: ClientHandle, _ queue: OpaquePointer, taken: Int, takenBytes: Int) {
        let left = rd_kafka_queue_length(queue)
        let recordBytes = takenBytes / taken
        // A little below the limits, since events are counted too and sizes are guessed.
        let held = left + taken
        if held * 10 >= messagesMax * 8 || held * recordBytes * 10 >= bytesMax * 8 { wasFull = true }
        if wasFull, left < messagesMax / 2, left * recordBytes < bytesMax / 2 {
            wasFull = false
            Self.wake(client)
        }
    }

    /// Asks the leaders of all assigned partitions for an offset that nobody needs.
    static func wake(_ client: ClientHandle) {
        var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
        guard rd_kafka_assignment(client.raw, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return }
        for index in 0..<Int(list.pointee.cnt) { list.pointee.elems[index].offset = PartitionOffset.end }
        // Whatever the answer is, nobody needs it: asking was the point.
        _ = rd_kafka_offsets_for_times(client.raw, list, waitMilliseconds)
        rd_kafka_topic_partition_list_destroy(list)
    }

    private static let waitMilliseconds: Int32 = 50
}
