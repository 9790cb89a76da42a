import Events
import Testing

struct IdentifierTableTests {
    /// Insertions, removals and growth against a dictionary; bytes survive every move of the arena.
    @Test(arguments: [UInt64(1), 2, 3]) func agreesWithADictionary(seed: UInt64) throws {
        let table = IdentifierTable(capacity: seed == 1 ? 1 : 64)
        var random = Seeded(seed)
        var known: [String: UInt32] = [:]
        var largest = 0
        func name() -> String {
            let number = random.below(1500)
            return number == 0 ? "" : String(repeating: "é", count: number % 40) + "\(number)"
        }
        for step in 0..<20_000 {
            let text = name()
            // Waves of growth and of shrinking.
            if (step / 4000).isMultiple(of: 2) ? random.once(in: 4) : !random.once(in: 4) {
                #expect(table.find(text) == known[text])
                if let number = known.removeValue(forKey: text) {
                    table.remove(number)
                    #expect(!table.isLive(number))
                }
            } else {
                let number = table.intern(text)
                if let expected = known[text] {
                    #expect(number == expected)
                } else {
                    #expect(!known.values.contains(number) || step % 50 != 0)
                    known[text] = number
                }
            }
            largest = max(largest, known.count)
            #expect(table.count == known.count)
            guard step % 2500 == 0 else { continue }
            expectSame(table, known)
        }
        expectSame(table, known)
        #expect(table.upperBound == largest)
    }

    private func expectSame(_ table: IdentifierTable, _ known: [String: UInt32]) {
        #expect(Set(known.values).count == known.count)
        for (text, number) in known {
            #expect(table.find(text) == number)
            #expect(table.text(number) == text)
            #expect(table.isLive(number))
            #expect(table.hash(number) == Hash64.hash(text))
        }
    }

    /// Of every length, with repetitions, across the table's growth: as if each had been interned in turn.
    @Test func severalAtOnceAreAsOneByOne() {
        let together = IdentifierTable(capacity: 1)
        let inTurn = IdentifierTable(capacity: 1)
        var random = Seeded(7)
        for _ in 0..<200 {
            let names = (0..<random.below(90)).map { _ in
                Array(String(repeating: "x", count: random.below(24)).utf8) + Array("\(random.below(900))".utf8)
            }
            let bytes = names.flatMap { $0 }
            var found = [IdentifierTable.Number](repeating: IdentifierTable.none, count: names.count)
            bytes.withUnsafeBytes { bytes in
                var start = 0
                let ids = names.map { name in
                    defer { start += name.count }
                    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + name.count])
                }
                found.withUnsafeMutableBufferPointer { found in
                    guard let base = found.baseAddress else { return }
                    ids.withUnsafeBufferPointer { together.intern($0, into: base) }
                }
            }
            #expect(found == names.map { name in name.withUnsafeBytes { inTurn.intern($0) } })
            #expect(zip(names, found).allSatisfy { Array(together.bytes($1)) == $0 })
        }
        #expect(together.count == inTurn.count && together.count > 5000)
    }

    @Test func memoryOfRemovedIdentifiersIsUsedAgain() {
        let table = IdentifierTable()
        for round in 0..<300 {
            let numbers = (0..<100).map { table.intern("a rather long identifier \(round)-\($0)") }
            for number in numbers { table.remove(number) }
        }
        #expect(table.count == 0)
        #expect(table.upperBound == 100)
        #expect(table.byteCount < 50_000)
    }

    @Test func orderIsThatOfTheBytes() {
        let table = IdentifierTable()
        let texts = ["", "a", "a\u{0}", "aa", "b", "é", "zz", "Z"]
        let numbers = texts.map { table.intern($0) }
        for (a, left) in zip(numbers, texts) {
            for (b, right) in zip(numbers, texts) {
                #expect(table.precedes(a, b) == left.utf8.lexicographicallyPrecedes(right.utf8))
            }
        }
    }
}
