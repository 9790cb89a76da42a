import Pipeline

/// What a record of `recommendations` says about itself.
struct PublishedList: Equatable {
    /// What makes two lists the same list.
    struct Identity: Hashable {
        var offset: Int64
        var itemsOffset: Int64
        var generation: Int64
    }

    var partition: Int32
    var offset: Int64
    var itemsOffset: Int64
    /// −1 without one.
    var generation: Int64

    init?(_ value: [UInt8]) {
        func number(_ name: String) -> Int64? {
            let pattern = Array("\"\(name)\":".utf8)
            var start = value.count - pattern.count
            while start >= 0, !value[start...].starts(with: pattern) { start -= 1 }
            guard start >= 0 else { return nil }
            var place = start + pattern.count
            var digits = ""
            while place < value.count, value[place] == 45 || (48...57).contains(value[place]) {
                digits.append(Character(UnicodeScalar(value[place])))
                place += 1
            }
            return digits.isEmpty ? -1 : Int64(digits)
        }
        guard let partition = number("partition"), let offset = number("offset"), let items = number("items_offset"),
            let generation = number("generation")
        else { return nil }
        self.partition = Int32(partition)
        self.offset = offset
        self.itemsOffset = items
        self.generation = generation
    }

    var identity: Identity { Identity(offset: offset, itemsOffset: itemsOffset, generation: generation) }
}

/// Where a dead letter comes from.
enum DeadLetter {
    static func origin(_ headers: [RecordHeader]) -> (partition: Int32, offset: Int64)? {
        func text(_ name: String) -> String? {
            headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
        }
        guard let partition = text("freshet.partition").flatMap({ Int32($0) }),
            let offset = text("freshet.offset").flatMap({ Int64($0) })
        else { return nil }
        return (partition, offset)
    }
}
