/// The log of one partition: records, markers, and where committed readers have to stop.
final class SimulatedPartition {
    private(set) var records: [StoredRecord] = []
    private(set) var end: Int64 = 0
    private(set) var low: Int64 = 0
    /// What was deleted for its age, for the checks.
    private var archive: [StoredRecord] = []
    private var openings: [(transaction: SimulatedTransaction, first: Int64)] = []

    func append(_ draft: RecordDraft, transaction: SimulatedTransaction?, isMarker: Bool = false) {
        if let transaction, !isMarker, !openings.contains(where: { $0.transaction === transaction }) {
            openings.append((transaction, end))
        }
        records.append(StoredRecord(offset: end, draft, transaction: transaction, isMarker: isMarker))
        end += 1
    }

    /// Ends a transaction here.
    func mark(_ transaction: SimulatedTransaction) {
        append(RecordDraft(), transaction: transaction, isMarker: true)
        openings.removeAll { $0.transaction === transaction }
    }

    /// The last stable offset: committed readers see nothing from the first open transaction on.
    var stableEnd: Int64 { openings.map(\.first).min() ?? end }

    func isVisible(_ record: StoredRecord) -> Bool {
        !record.isMarker && (record.transaction == nil || record.transaction?.state == .committing)
    }

    /// The first record at or after an offset.
    func index(of offset: Int64) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Everything that a committed reader sees, up to the last stable offset.
    var committed: [StoredRecord] { records.filter { $0.offset < stableEnd && isVisible($0) } }

    /// The same with what was deleted since.
    var everCommitted: [StoredRecord] { archive.filter(isVisible) + committed }

    /// Drops what a newer committed record of the same key replaces, as a log cleaner does; tombstones stay.
    func compact() {
        let stable = stableEnd
        var newest: [[UInt8]: Int64] = [:]
        for record in records where record.offset < stable && isVisible(record) {
            if let key = record.key { newest[key] = record.offset }
        }
        records.removeAll { record in
            guard record.offset < stable else { return false }
            guard isVisible(record) else { return true }
            guard let key = record.key else { return false }
            return newest[key] != record.offset
        }
    }

    /// Deletes what lies before an offset.
    func truncate(before offset: Int64) {
        let offset = min(offset, stableEnd)
        guard offset > low else { return }
        low = offset
        archive += records.prefix { $0.offset < offset }
        records.removeAll { $0.offset < offset }
    }
}
