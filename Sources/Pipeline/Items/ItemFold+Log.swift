internal import Events

/// How everybody who has an item table restores it and follows the log: a worker, the leader, a list computed again.
extension ItemFold {
    /// Takes up the snapshot that was found; false where there is none.
    /// - Parameter notice: is told of newer ones that are damaged, which an older one, or the whole log, takes the place of.
    @discardableResult
    func load(_ collector: SnapshotCollector, notice: (String) -> Void = { _ in }) throws(LogError) -> Bool {
        for (offset, why) in collector.damaged.sorted(by: { $0.key > $1.key }) {
            notice(
                "the item snapshot at \(offset) is damaged (\(why)) and is passed over; the leader's next ones take its place"
            )
        }
        guard let newest = collector.newest else { return false }
        do {
            var loader = ItemSnapshot.Loader(into: self, manifest: newest.manifest)
            for chunk in newest.chunks { try chunk.withUnsafeBytes { try loader.load($0) } }
            guard loader.finish() else { throw ByteReader.Malformed(offset: 0) }
        } catch {
            // Who collected it without asking whether it can be loaded.
            throw LogError(
                .state,
                "the item snapshot at \(newest.manifest.offset) is damaged (\(error)); `freshet reset`, then `freshet "
                    + "replay`, makes the item table anew")
        }
        return true
    }

    /// Refuses to follow a log that does not have everything behind this table's place: the table would be another one
    /// than that of every other instance, and nobody would know.
    /// - Returns: where the log ends now. Whoever has come there has caught up: where events never pause, a reader may never
    ///   meet the end as it is by then.
    @discardableResult
    func check(_ reader: any LogReader) throws(LogError) -> Int64 {
        let offsets = try reader.offsets()
        let first = offsets.lowerBound
        guard first > offset else { return offsets.upperBound }
        let what =
            offset == 0
            ? "no snapshot of the item table is usable, and the item log begins at \(first): what it held before has expired"
            : "the newest usable snapshot of the item table stands at \(offset) of the item log, which begins at \(first): "
                + "what lay between has expired"
        throw LogError(
            .state,
            what
                + "; `freshet reset`, then `freshet replay` (with --base FILE where events have expired too) rebuilds the "
                + "table. Keep the item log for longer than any time without a leader; one that runs writes a snapshot "
                + "at least every hour in which something came")
    }

    /// Applies some of what a reader of the item log brings, below an offset.
    /// - Returns: whether the reader has met the log's end, whether it brought as many records as were asked for, so that
    ///   more may be there, and the bytes that were applied.
    @discardableResult
    func follow(
        _ reader: any LogReader, max: Int, timeoutMilliseconds: Int, below end: Int64 = .max
    ) throws(LogError) -> (isAtEnd: Bool, isFull: Bool, bytes: Int) {
        var failure: Failure?
        var bytes = 0
        var records = 0
        let isAtEnd = try reader.read(max: max, timeoutMilliseconds: timeoutMilliseconds) { record in
            records += 1
            guard failure == nil, record.offset < end, let value = record.value else { return }
            bytes += value.count
            do throws(Failure) { try apply(value, at: record.offset) } catch { failure = error }
        }
        if let failure { throw LogError(.state, failure.description) }
        if isAtEnd { skip(to: min(reader.position, end)) }
        return (isAtEnd, records >= max, bytes)
    }
}
