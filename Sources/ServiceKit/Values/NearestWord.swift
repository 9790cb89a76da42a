/// The candidate nearest to a mistyped word, when it is near enough to be worth suggesting: at most a third of the
/// word's letters differ, counting swapped neighbours once (optimal string alignment).
public func nearestWord(to word: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(word.lowercased().utf8)
    var best: (word: String, rank: (Int, Int))?
    for candidate in candidates {
        let letters = Array(candidate.lowercased().utf8)
        let distance = editDistance(wanted, letters)
        // A beginning that was cut short ("part" for "partitions") is a likely meaning, whatever the distance.
        let isBeginning = wanted.count >= 3 && letters.starts(with: wanted)
        guard distance <= max(1, max(wanted.count, letters.count) / 3) || isBeginning else { continue }
        let rank = (isBeginning ? 0 : 1, distance)
        if best.map({ rank < $0.rank }) ?? true { best = (candidate, rank) }
    }
    return best?.word
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1] + [Int](repeating: 0, count: b.count)
        for j in b.indices {
            row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1)
            }
        }
        (beforeLast, last) = (last, row)
    }
    return last[b.count]
}
