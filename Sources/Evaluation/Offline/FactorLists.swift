internal import Events
internal import Linear
internal import Models

/// Lists by implicit ALS alone: every item by its dot product with the user's vector, the user's own left out.
struct FactorLists {
    let model: ImplicitALS
    let length: Int

    init(_ model: ImplicitALS, length: Int) {
        self.model = model
        self.length = length
    }

    func rank(
        _ split: OfflineSplit, _ progress: (Double) -> Void,
        emit: (_ user: Int, _ list: [IdentifierTable.Number]) -> Void
    ) {
        let interactions = interactions(split.train)
        guard let items = model.train(interactions, progress: progress)?.items,
            let users = model.project(interactions, onto: items)
        else { return }
        let index = InnerProductIndex(items)
        let searcher = InnerProductSearcher()
        let longest = (0..<interactions.rows).map { interactions.range(of: $0).count }.max() ?? 0
        var results = [Scored](repeating: Scored(index: 0, score: 0), count: longest + length)
        var found: [Int32] = [0]
        for (user, wanted) in split.wanted.enumerated() where !wanted.isEmpty {
            let seen = interactions.indices[interactions.range(of: user)]
            searcher.search(
                index, queries: users.row(user), stride: users.stride, count: 1,
                wanted: [Int32(length + seen.count)], results: &results, resultStride: results.count, found: &found)
            var list: [IdentifierTable.Number] = []
            for scored in results.prefix(Int(found[0])) where !Self.contains(seen, scored.index) {
                list.append(IdentifierTable.Number(scored.index))
                if list.count == length { break }
            }
            emit(user, list)
        }
    }

    /// Every pair once, with the largest rating of its events.
    private func interactions(_ train: EventStream) -> Interactions {
        Interactions(
            rows: train.users.upperBound, columns: train.items.upperBound,
            pairs: train.records.map {
                (Int32($0.user), Int32($0.item), Float(RatingScale.standard[$0.type]))
            }, merge: .max)
    }

    /// Whether a rising slice holds an index.
    private static func contains(_ slice: ArraySlice<Int32>, _ index: Int32) -> Bool {
        var low = slice.startIndex
        var high = slice.endIndex
        while low < high {
            let middle = (low + high) / 2
            if slice[middle] < index { low = middle + 1 } else { high = middle }
        }
        return low < slice.endIndex && slice[low] == index
    }
}
