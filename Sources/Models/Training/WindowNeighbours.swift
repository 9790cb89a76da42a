internal import Events
internal import Linear
internal import Synchronization

/// The neighbours of the blend's learner `neighbours`: which items stand near each other in users' histories. No model of its
/// own, but a part of the generation that `GenerationTrainer` makes; the algorithm `knn` of the catalogue is `ItemKNN`, whose
/// cosines take whole histories and weigh them by ratings.
///
/// C counts the users who touched both items within `window` places of each other, n the users of each item; the weight
/// of neighbour i for an item j of the user is `n_j^−b · C · n_i^−a`: with a = b = ½ a cosine (Sarwar, Karypis, Konstan,
/// Riedl, "Item-based collaborative filtering", WWW 2001; Deshpande and Karypis, TOIS 2004), bounded to the best
/// neighbours of each row. Counts are integers, and rows are computed alone, so threads change nothing.
public struct WindowNeighbours: Sendable {
    /// What the neighbours depend on beside the histories; another value makes another recipe.
    public struct Settings: Sendable, Equatable {
        /// How far apart in a history two items may stand.
        public var window = 50
        /// The exponent a on the target's users.
        public var targetExponent = 0.4
        /// The exponent b on the source's users.
        public var sourceExponent = 0.4
        /// How much of a row is likeness (``ItemLikeness``), 0 … 1, where items have what it goes by.
        public var likeness = 0.0
        /// Neighbours kept a row; in small catalogues up to four times as many.
        public var perItem = 64

        public init() {}

        /// Neighbours kept a row of a catalogue: in small ones, rows are dense and the tail of a row tells much.
        func perItem(items: Int) -> Int { max(perItem, min(4 * perItem, (perItem << 13) / max(items, 1))) }
    }

    /// `perItem` rows of neighbours for each row, best first; −1 where there are fewer.
    public let neighbours: [Int32]
    /// `n_j^−b · C · n_i^−a` of each neighbour; 0 where there is none.
    public let weights: [Float]
    /// The length of a row: the settings' number, or all the other items where there are fewer.
    public let perItem: Int

    /// - Parameters:
    ///   - progress: told the share that is done, on the calling thread.
    ///   - isCancelled: asked now and then, by any thread.
    /// - Returns: nil when it was cancelled.
    public init?(
        _ histories: TrainingHistories, settings: Settings, threads: Int, progress: (Double) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        let count = histories.items.count
        perItem = min(settings.perItem, max(0, count - 1))
        let occurrences = Occurrences(histories)
        let width = perItem
        let targetNorms = occurrences.norms(exponent: settings.targetExponent)
        let sourceNorms = occurrences.norms(exponent: settings.sourceExponent)
        // Blocks are small enough to share the popular rows out evenly, and are put together in their order.
        let blockRows = max(16, (count + 63) / 64)
        let blocks = (count + blockRows - 1) / blockRows
        let parts = Mutex([Part](repeating: Part(), count: blocks))
        let isDone = ParallelWork(threads: threads, isCancelled: isCancelled).run(pieces: blocks, progress: progress) {
            next in
            while let block = next() {
                let range = (block * blockRows)..<min(count, (block + 1) * blockRows)
                let part = occurrences.neighbours(
                    of: range, histories, window: settings.window, width: width, targetNorms: targetNorms,
                    sourceNorms: sourceNorms)
                parts.withLock { $0[block] = part }
            }
        }
        guard isDone else { return nil }
        neighbours = parts.withLock { $0.flatMap(\.neighbours) }
        weights = parts.withLock { $0.flatMap(\.weights) }
    }

    init(neighbours: [Int32], weights: [Float], perItem: Int) {
        self.neighbours = neighbours
        self.weights = weights
        self.perItem = perItem
    }

    struct Part: Sendable {
        var neighbours: [Int32] = []
        var weights: [Float] = []
    }
}

/// Where each item stands in the histories.
private struct Occurrences: Sendable {
    /// Where the places of each row begin in `places` and `users`.
    var starts: [Int]
    /// Indices of interactions, and the user of each.
    var places: [Int]
    var users: [Int32]

    init(_ histories: TrainingHistories) {
        var counts = Array(repeating: 0, count: histories.items.count + 1)
        for row in histories.rows { counts[Int(row) + 1] += 1 }
        for row in 1..<counts.count { counts[row] += counts[row - 1] }
        starts = counts
        places = Array(repeating: 0, count: histories.count)
        users = Array(repeating: 0, count: histories.count)
        var next = counts
        for user in 0..<histories.userCount {
            for place in histories.starts[user]..<histories.starts[user + 1] {
                let row = Int(histories.rows[place])
                places[next[row]] = place
                users[next[row]] = Int32(user)
                next[row] += 1
            }
        }
    }

    /// n^−exponent of each row.
    func norms(exponent: Double) -> [Float] {
        (0..<starts.count - 1).map { row in
            let count = starts[row + 1] - starts[row]
            return count == 0 ? 0 : Float(Deterministic.pow(Double(count), -exponent))
        }
    }

    func neighbours(
        of range: Range<Int>, _ histories: TrainingHistories, window: Int, width: Int, targetNorms: [Float],
        sourceNorms: [Float]
    ) -> WindowNeighbours.Part {
        var part = WindowNeighbours.Part()
        var counts = [UInt32](repeating: 0, count: histories.items.count)
        var touched: [Int32] = []
        var best = TopN(capacity: width)
        var found: [Scored] = []
        for row in range {
            for occurrence in starts[row]..<starts[row + 1] {
                let user = Int(users[occurrence])
                let place = places[occurrence]
                let first = max(histories.starts[user], place - window)
                let last = min(histories.starts[user + 1] - 1, place + window)
                for other in first...last where other != place {
                    let neighbour = histories.rows[other]
                    if counts[Int(neighbour)] == 0 { touched.append(neighbour) }
                    counts[Int(neighbour)] += 1
                }
            }
            for neighbour in touched {
                best.offer(Float(counts[Int(neighbour)]) * targetNorms[Int(neighbour)], index: neighbour)
                counts[Int(neighbour)] = 0
            }
            touched.removeAll(keepingCapacity: true)
            found.removeAll(keepingCapacity: true)
            best.drain(into: &found)
            for scored in found {
                part.neighbours.append(scored.index)
                part.weights.append(scored.score * sourceNorms[row])
            }
            for _ in found.count..<width {
                part.neighbours.append(-1)
                part.weights.append(0)
            }
        }
        return part
    }
}
