import Events
import Testing

@testable import Pipeline

/// Events that wait for their turn are those that were decoded, in their order, whatever became of their records.
struct EventWindowTests {
    private struct Seen: Equatable {
        var offset: Int64
        var fields: [String]
        var time: Int64
    }

    private func seen(_ event: ShopEvent, _ offset: Int64) -> Seen {
        let slices = [event.user, event.item, event.session, event.eventID, event.categoryID, event.brand]
        return Seen(
            offset: offset, fields: slices.map { String(decoding: $0, as: UTF8.self) } + [event.type.name],
            time: event.time)
    }

    /// A record's value: escapes, so that bytes lie in the decoder; values too large to be kept; broken ones.
    private func value(_ random: inout Seeded) -> [UInt8] {
        let user = random.once(in: 3) ? #"na\u00efve \"\#(random.below(20))\""# : "user \(random.below(20))"
        let item = random.once(in: 3) ? #"it\\em\n\#(random.below(50))"# : "\(random.below(50))"
        let padding = random.once(in: 40) ? String(repeating: "x", count: 1 << (10 + random.below(8))) : ""
        let end = random.once(in: 15) ? "" : "}"
        let time = 1_700_000_000_000 + random.below(1_000_000)
        let text =
            #"{"user_id":"\#(user)","product_id":"\#(item)","event_type":"view","event_time":\#(time),"user_session":"#
            + #""\#(random.below(1000))","brand":"b\u0041\#(random.below(9))","padding":"\#(padding)"\#(end)"#
        return Array(text.utf8)
    }

    @Test func eventsComeOutAsTheyWentIn() {
        let users = UserStore()
        let items = IdentifierTable()
        let window = EventWindow(admission: EventAdmission(requiresKey: false), items: items)
        let decoder = EventDecoder()
        var event = ShopEvent()
        var random = Seeded(7)
        var expected: [Seen] = []
        var found: [Seen] = []
        var rejected = 0
        func take() {
            let entry = window.pop()
            // As the fold does: an item and a user are there from their first event on.
            _ = items.intern(entry.pointee.event.item)
            _ = users.make(entry.pointee.event.user)
            found.append(seen(entry.pointee.event, entry.pointee.offset))
        }
        for offset in 0..<Int64(5000) {
            var bytes = value(&random)
            bytes.withUnsafeBytes { value in
                let wrong = decoder.decode(value, into: &event)
                if wrong == nil { expected.append(seen(event, offset)) }
            }
            let rejection = bytes.withUnsafeBytes {
                window.push(
                    $0, key: UnsafeRawBufferPointer(start: nil, count: 0), recordTime: -1, partition: 0, offset: offset,
                    users: users)
            }
            // Nothing of the record is needed any more.
            for index in bytes.indices { bytes[index] = 0 }
            if rejection != nil { rejected += 1 }
            if window.isFull || random.once(in: 50) { if !window.isEmpty { take() } }
            if random.once(in: 100) { while !window.isEmpty { take() } }
        }
        while !window.isEmpty { take() }
        #expect(found == expected)
        #expect(rejected > 100 && found.count + rejected == 5000)
    }

    @Test func keysAndTimesAreChecked() {
        let users = UserStore()
        let window = EventWindow(admission: EventAdmission(requiresKey: true), items: IdentifierTable())
        let text = #"{"user_id":"u","product_id":"i","event_type":"view","event_time":1700000000000}"#
        func push(key: String, recordTime: Int64) -> RejectionCode? {
            Array(text.utf8).withUnsafeBytes { value in
                Array(key.utf8).withUnsafeBytes { key in
                    window.push(value, key: key, recordTime: recordTime, partition: 0, offset: 0, users: users)?.code
                }
            }
        }
        #expect(push(key: "v", recordTime: -1) == .wrongKey)
        #expect(push(key: "u", recordTime: 1_600_000_000_000) == .futureTime)
        #expect(window.isEmpty)
        #expect(push(key: "u", recordTime: 1_699_999_999_000) == nil)
        #expect(window.pop().pointee.event.time == 1_699_999_999_000, "clamped to the record's time")
    }

    /// An event from the future, within the bound, is learnt at its record's time, and says so.
    @Test(arguments: [0, 1, 3_600_000, 3_600_001] as [Int64]) func aFutureEventIsClamped(_ ahead: Int64) {
        let recorded: Int64 = 1_700_000_000_000
        let users = UserStore()
        let window = EventWindow(admission: EventAdmission(requiresKey: false), items: IdentifierTable())
        var value = Array(
            #"{"user_id":"u","product_id":"p","event_type":"view","event_time":\#(recorded + ahead)}"#.utf8)
        let rejection = value.withUnsafeMutableBytes {
            window.push(
                UnsafeRawBufferPointer($0), key: UnsafeRawBufferPointer(start: nil, count: 0), recordTime: recorded,
                partition: 0, offset: 0, users: users)
        }
        guard ahead <= 3_600_000 else {
            #expect(rejection?.code == .futureTime)
            return
        }
        let entry = window.pop()
        #expect(entry.pointee.event.time == recorded && entry.pointee.isClamped == (ahead > 0))
    }
}
