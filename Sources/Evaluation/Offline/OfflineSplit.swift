internal import Events

/// A data set parted into what is learnt and what is asked.
public struct OfflineSplit {
    /// In the order of their times.
    public let train: EventStream
    /// The wanted items of each user, by the stream's numbers, without those that the user has in training.
    let wanted: [[IdentifierTable.Number]]

    /// Leaves out each user's last event, by time and then the order in the stream (which is sorted). Users with one event
    /// only stay in training, and so do events of an item that the user had touched before: no list can hold it.
    public static func lastOut(_ stream: EventStream) -> OfflineSplit {
        var last = [Int](repeating: -1, count: stream.users.upperBound)
        var events = [Int](repeating: 0, count: stream.users.upperBound)
        var touched = Set<UInt64>()
        var isNew = [Bool](repeating: false, count: stream.count)
        for (index, record) in stream.records.enumerated() {
            last[Int(record.user)] = index
            events[Int(record.user)] += 1
            isNew[index] = touched.insert(UInt64(record.user) << 32 | UInt64(record.item)).inserted
        }
        var wanted = [[IdentifierTable.Number]](repeating: [], count: last.count)
        var isLeftOut = [Bool](repeating: false, count: stream.count)
        for (user, index) in last.enumerated() where index >= 0 && events[user] > 1 && isNew[index] {
            wanted[user] = [stream.records[index].item]
            isLeftOut[index] = true
        }
        return OfflineSplit(train: EventStream(stream) { !isLeftOut[$0] }, wanted: wanted)
    }

    /// Reads two files of lines `user item item …` (LightGCN's layout); each item counts as one view, all at one time.
    public static func userLines(
        train: UnsafeRawBufferPointer, test: UnsafeRawBufferPointer
    ) throws(EventStreamReader.Failure) -> OfflineSplit {
        let stream = EventStream()
        var touched = Set<UInt64>()
        try forEachPair(train) { user, item in
            var event = ShopEvent()
            event.user = user
            event.item = item
            stream.append(event)
            if let record = stream.records.last {
                touched.insert(UInt64(record.user) << 32 | UInt64(record.item))
            }
        }
        var wanted = [[IdentifierTable.Number]](repeating: [], count: stream.users.upperBound)
        try forEachPair(test) { user, item in
            guard let user = stream.users.find(user) else { return }
            let item = stream.items.intern(item)
            guard touched.insert(UInt64(user) << 32 | UInt64(item)).inserted else { return }
            wanted[Int(user)].append(item)
        }
        return OfflineSplit(train: stream, wanted: wanted)
    }

    private static func forEachPair(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) throws(EventStreamReader.Failure) {
        var line = 0
        for text in bytes.split(separator: UInt8(ascii: "\n")) {
            line += 1
            var user: UnsafeRawBufferPointer?
            for word in text.split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) {
                let word = UnsafeRawBufferPointer(rebasing: word)
                guard word.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
                    throw EventStreamReader.Failure(
                        line: line, message: "not a user and its items, numbers with spaces")
                }
                if let user { body(user, word) } else { user = word }
            }
        }
    }
}
