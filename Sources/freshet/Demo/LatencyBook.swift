/// From the moment that an event is sent to the moment that the list which includes it is read.
///
/// The sender learns an event's offset from its delivery report, and the list names the offset of the user's last event:
/// either may come first.
/// A list that a new generation made is not the event's: it is left out.
struct LatencyBook {
    /// A time in ns, and the generation that was served then.
    struct Moment: Equatable {
        var at: UInt64
        var generation: Int?
    }

    private struct Partition {
        /// When the record at an offset was sent; nil where it does not count.
        var sent: [Moment?] = []
        /// Lists that came before the delivery report.
        var early: [(offset: Int, moment: Moment)] = []
    }

    private var partitions: [Int32: Partition] = [:]
    /// Counts in steps of 50 µs, the last one open.
    private var buckets = [Int](repeating: 0, count: 20_001)
    private(set) var count = 0

    /// - Parameter moment: nil for an event that does not count.
    mutating func delivered(_ partition: Int32, _ offset: Int64, sent moment: Moment?) {
        let offset = Int(offset)
        guard offset >= 0 else { return }
        var book = partitions.removeValue(forKey: partition) ?? Partition()
        while book.sent.count <= offset { book.sent.append(nil) }
        book.sent[offset] = moment
        var early = book.early
        book.early = []
        early.removeAll { list in
            guard list.offset == offset else { return false }
            add(moment, list.moment, &book, offset)
            return true
        }
        book.early = early.filter { $0.offset > offset }
        partitions[partition] = book
    }

    mutating func listed(_ partition: Int32, _ offset: Int64, _ now: Moment) {
        let offset = Int(offset)
        var book = partitions.removeValue(forKey: partition) ?? Partition()
        if offset < book.sent.count {
            add(book.sent[offset], now, &book, offset)
        } else if book.early.count < 10_000 {
            book.early.append((offset, now))
        }
        partitions[partition] = book
    }

    private mutating func add(_ sent: Moment?, _ now: Moment, _ book: inout Partition, _ offset: Int) {
        guard let sent, now.at >= sent.at else { return }
        // Later lists with the same offset were made for another reason than the event.
        book.sent[offset] = nil
        guard now.generation == sent.generation else { return }
        buckets[min(buckets.count - 1, Int((now.at - sent.at) / 50_000))] += 1
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
