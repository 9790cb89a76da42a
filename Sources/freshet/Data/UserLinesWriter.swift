internal import Evaluation
internal import Events
internal import ServiceKit

/// Numbers users and items from 0 in the order in which they come, and writes lines of a user and its items.
struct UserLinesWriter {
    // Bytes, and no String, whose equality takes two spellings of one letter for the same.
    private(set) var users: [[UInt8]] = []
    private(set) var items: [[UInt8]] = []
    private var userNumbers: [[UInt8]: Int] = [:]
    private var itemNumbers: [[UInt8]: Int] = [:]

    mutating func user(_ id: UnsafeRawBufferPointer) -> Int { Self.number(id, &userNumbers, &users) }
    mutating func item(_ id: UnsafeRawBufferPointer) -> Int { Self.number(id, &itemNumbers, &items) }

    private static func number(
        _ id: UnsafeRawBufferPointer, _ numbers: inout [[UInt8]: Int], _ names: inout [[UInt8]]
    ) -> Int {
        let name = Array(id)
        if let number = numbers[name] { return number }
        numbers[name] = names.count
        names.append(name)
        return names.count - 1
    }

    /// Each user's items once, by their first events, users by their numbers.
    mutating func write(_ stream: EventStream, to output: OutputFile) throws {
        var lists: [Int: (items: [Int], known: Set<Int>)] = [:]
        for index in 0..<stream.count {
            let event = stream.event(index)
            let item = item(event.item)
            var list = lists[user(event.user)] ?? ([], [])
            if list.known.insert(item).inserted { list.items.append(item) }
            lists[user(event.user)] = list
        }
        for user in lists.keys.sorted() {
            let text = ([user] + (lists[user]?.items ?? [])).map(String.init).joined(separator: " ") + "\n"
            try output.write { $0.append(contentsOf: text.utf8) }
        }
        try output.finish()
    }

    /// One a line: the first has the number 0.
    static func write(_ identifiers: [[UInt8]], to output: OutputFile) throws {
        for identifier in identifiers {
            try output.write {
                $0 += identifier
                $0.append(UInt8(ascii: "\n"))
            }
        }
        try output.finish()
    }

    /// The identifiers stand one a line, by which they get their numbers.
    static func refuseLineBreaks(_ stream: EventStream) throws {
        for index in 0..<stream.count {
            let event = stream.event(index)
            for id in [event.user, event.item] where id.contains(where: EventLayout.breaksLines) {
                throw CommandFailure(
                    "the id \(String(decoding: id, as: UTF8.self).debugDescription) holds a line break, which a file of "
                        + "identifiers cannot hold", remedy: "leave its events out of the file", exitCode: 65)
            }
        }
    }
}
