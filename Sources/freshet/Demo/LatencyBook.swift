/// From the moment that an event is sent to the moment that the list which includes it is read.
///
/// The sender learns an event's offset from its delivery report, and the list names the offset of the user's last event:
/// either may come first.
struct LatencyBook {
    private struct Partition {
        /// When the record at an offset was sent, ns; 0 where it does not count.
        var sent: [UInt64] = []
        /// Lists that came before the delivery report.
        var early: [(offset: Int, at: UInt64)] = []
    }

    private var partitions: [Int32: Partition] = [:]
    /// Counts in steps of 50 µs, the last one open.
    private var buckets = [Int](repeating: 0, count: 20_001)
    private(set) var count = 0

    /// - Parameter at: ns; 0 for an event that does not count.
    mutating func delivered(_ partition: Int32, _ offset: Int64, sent at: UInt64) {
        let offset = Int(offset)
        guard offset >= 0 else { return }
        var book = partitions.removeValue(forKey: partition) ?? Partition()
        while book.sent.count <= offset { book.sent.append(0) }
        book.sent[offset] = at
        var early = book.early
        book.early = []
        early.removeAll { list in
            guard list.offset == offset else { return false }
            add(at, list.at, &book, offset)
            return true
        }
        book.early = early.filter { $0.offset > offset }
        partitions[partition] = book
    }

    mutating func listed(_ partition: Int32, _ offset: Int64, at now: UInt64) {
        let offset = Int(offset)
        var book = partitions.removeValue(forKey: partition) ?? Partition()
        if offset < book.sent.count {
            add(book.sent[offset], now, &book, offset)
        } else if book.early.count < 10_000 {
            book.early.append((offset, now))
        }
        partitions[partition] = book
    }

    private mutating func add(_ sent: UInt64, _ now: UInt64, _ book: inout Partition, _ offset: Int) {
        guard sent > 0, now >= sent else { return }
        // Later lists with the same offset were made for another reason than the event.
        book.sent[offset] = 0
        buckets[min(buckets.count - 1, Int((now - sent) / 50_000))] += 1
        count += 1
    }

    /// In ms; nil before the first list.
    func quantile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = max(1, Int((Double(count) * share).rounded(.up)))
        var below = 0
        for (index, bucket) in buckets.enumerated() {
            below += bucket
            if below >= rank { return (Double(index) + 0.5) * 0.05 }
        }
        return nil
    }
}
