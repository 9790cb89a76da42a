import Events
import Models
import Pipeline

/// Ranks and encodes as `Worker` does, without publishing.
final class ListMaker {
    private let folds: BothFolds
    private let ranker: Ranker
    private let workspace = QueryWorkspace()
    private let settings = WorkerSettings()
    private let encoder: ListEncoder
    private let writer = ByteWriter(capacity: 1 << 16)

    init(folds: BothFolds, ranker: Ranker) {
        self.folds = folds
        self.ranker = ranker
        encoder = ListEncoder(settings: settings)
    }

    func rank(from first: Int, count: Int, into result: inout RankingRow.Run) {
        var start = 0
        while start < count {
            let end = min(start + QueryWorkspace.queriesMax, count)
            pass(first + start..<first + end, into: &result)
            start = end
        }
    }

    private func pass(_ range: Range<Int>, into result: inout RankingRow.Run) {
        let store = folds.store
        func user(_ place: Int) -> UserStore.User { UserStore.User((range.lowerBound + place) % store.count) }
        let start = CPUTime.thread
        workspace.removeAll()
        for place in 0..<range.count {
            let state = store[user(place)]
            workspace.add(state, seed: UInt64(place), scale: settings.scale, decay: settings.decay)
        }
        result.queryMicroseconds += CPUTime.thread - start
        workspace.withQueries { queries in
            ranker.rank(queries) { place, list, own in
                let start = CPUTime.thread
                let state = store[user(place)]
                writer.removeAll()
                let provenance = ListProvenance(
                    partition: 0, offset: state.offset, itemsOffset: folds.itemFold.offset, generation: 1)
                encoder.encode(
                    user: store.identifiers.bytes(user(place)), time: state.latestTime, items: list, own: own,
                    table: folds.table, provenance: provenance, to: writer)
                result.lists += 1
                result.items += list.count
                result.bytes += writer.count
                result.hash.add(writer.bytes)
                result.encodeMicroseconds += CPUTime.thread - start
            }
        }
    }
}
