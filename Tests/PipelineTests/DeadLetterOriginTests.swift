import Events
import Testing

@testable import Pipeline

/// What a dead letter leaves out where its topic takes less than the record has.
struct DeadLetterOriginTests {
    private let origin = DeadLetterOrigin(code: .wrongKey, detail: "d", topic: "events", partition: 1, offset: 2)

    private func letter(
        key: Int?, value: Int?, own: [RecordHeader] = [], bytesMax: Int
    ) -> (key: Int?, value: Int?, headers: [String], isWhole: Bool) {
        let keyBytes = [UInt8](repeating: 1, count: key ?? 0)
        let valueBytes = [UInt8](repeating: 2, count: value ?? 0)
        return keyBytes.withUnsafeBytes { keyBytes in
            valueBytes.withUnsafeBytes { valueBytes in
                let letter = origin.letter(
                    key: key == nil ? nil : keyBytes, value: value == nil ? nil : valueBytes, own: own,
                    bytesMax: bytesMax)
                let size =
                    (letter.key?.count ?? 0) + (letter.value?.count ?? 0)
                    + letter.headers.reduce(0) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) }
                #expect(size <= bytesMax)
                return (letter.key?.count, letter.value?.count, letter.headers.map(\.name), letter.isWhole)
            }
        }
    }

    @Test func whatFitsIsWhole() {
        let whole = letter(key: 3, value: 500, own: [("a", [1])], bytesMax: 1000)
        #expect(whole.isWhole && whole.key == 3 && whole.value == 500)
        #expect(whole.headers.first == "a" && whole.headers[1] == "freshet.reason")
        #expect(letter(key: nil, value: nil, bytesMax: 1000).isWhole)
    }

    @Test func theValueGoesFirst() {
        let cut = letter(key: 3, value: 5000, own: [("a", [1])], bytesMax: 1000)
        #expect(!cut.isWhole && cut.key == 3 && cut.value == nil)
        #expect(cut.headers.first == "a" && cut.headers.last == "freshet.left-out")
    }

    /// Kafka bounds a record with its headers: a tombstone may be too large for the letter about it.
    @Test func largeHeadersAndKeysGoToo() {
        let own: [RecordHeader] = [("a", [UInt8](repeating: 0, count: 5000))]
        for value in [nil, 100] {
            let cut = letter(key: 3, value: value, own: own, bytesMax: 1000)
            #expect(!cut.isWhole && cut.key == nil && cut.value == nil && cut.headers.first == "freshet.reason")
        }
        #expect(letter(key: 5000, value: 1, bytesMax: 1000).key == nil)
    }
}
