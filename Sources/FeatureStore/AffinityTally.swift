public import Events

/// One of the categories or brands that a user favours.
public struct Affinity: Equatable, Sendable {
    /// The category or brand, by its number in the table of words that `top` was given.
    public var word: IdentifierTable.Number
    /// Of the whole weight of what the user touched lately, 0…1.
    public var share: Float

    public init(word: IdentifierTable.Number, share: Float) {
        self.word = word
        self.share = share
    }
}

/// Adds up weights by word and gives the heaviest ones; reused from user to user, without allocation.
///
/// A small open hash table with a bound: past it, new words only count in the whole.
public final class AffinityTally {
    /// Words that are told apart.
    public static let wordsMax = 64
    private static let slots = 128

    private let words: UnsafeMutablePointer<IdentifierTable.Number>
    private let weights: UnsafeMutablePointer<Float>
    private let used: UnsafeMutablePointer<Int>
    private let best: UnsafeMutablePointer<Affinity>
    @exclusivity(unchecked) private var usedCount = 0
    @exclusivity(unchecked) private var sum: Float = 0
    private let most: Int

    /// - Parameter most: the words that `top` gives.
    public init(most: Int = 5) {
        precondition(most > 0 && most <= Self.wordsMax, "the best few of a bounded number of words")
        self.most = most
        words = .allocate(capacity: Self.slots)
        words.initialize(repeating: IdentifierTable.none, count: Self.slots)
        weights = .allocate(capacity: Self.slots)
        weights.initialize(repeating: 0, count: Self.slots)
        used = .allocate(capacity: Self.wordsMax)
        used.initialize(repeating: 0, count: Self.wordsMax)
        best = .allocate(capacity: most)
        best.initialize(repeating: Affinity(word: IdentifierTable.none, share: 0), count: most)
    }

    deinit {
        words.deallocate()
        weights.deallocate()
        used.deallocate()
        best.deallocate()
    }

    /// Forgets the last user.
    public func removeAll() {
        for index in 0..<usedCount { words[used[index]] = IdentifierTable.none }
        usedCount = 0
        sum = 0
    }

    /// Adds a positive weight; the word `none` is no word.
    public func add(_ word: IdentifierTable.Number, _ weight: Float) {
        guard word != IdentifierTable.none, weight > 0 else { return }
        sum += weight
        var slot = Int(truncatingIfNeeded: (word &* 0x9E37_79B1) >> 25)
        while words[slot] != word {
            if words[slot] == IdentifierTable.none {
                guard usedCount < Self.wordsMax else { return }
                words[slot] = word
                weights[slot] = 0
                used[usedCount] = slot
                usedCount += 1
                break
            }
            slot = (slot + 1) & (Self.slots - 1)
        }
        weights[slot] += weight
    }

    /// The words with the most weight, the heaviest first, ties by the word's bytes; valid until the next call.
    public func top(names: IdentifierTable) -> UnsafeBufferPointer<Affinity> {
        var count = 0
        for index in 0..<usedCount {
            let entry = Affinity(word: words[used[index]], share: weights[used[index]])
            if count == most, !precedes(entry, best[count - 1], names) { continue }
            var place = count < most ? count : most - 1
            while place > 0, precedes(entry, best[place - 1], names) {
                best[place] = best[place - 1]
                place -= 1
            }
            best[place] = entry
            count = min(count + 1, most)
        }
        for index in 0..<count { best[index].share /= sum }
        return UnsafeBufferPointer(start: best, count: count)
    }

    private func precedes(_ a: Affinity, _ b: Affinity, _ names: IdentifierTable) -> Bool {
        a.share != b.share ? a.share > b.share : names.precedes(a.word, b.word)
    }
}
