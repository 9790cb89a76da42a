import Events
import Models
import Testing

@testable import Pipeline

@Suite struct ItemChangesTests {
    @Test func anItemWaitsForItsInterval() {
        var changes = ItemChanges(interval: 100)
        changes.note(1, time: 1000)
        changes.note(1, time: 1001)
        #expect(changes.take() == 1 && changes.take() == nil)
        changes.note(1, time: 1099)
        #expect(changes.take() == nil)
        changes.note(1, time: 1100)
        #expect(changes.take() == 1)
    }

    /// Events come late, by years where a log is written anew.
    @Test func aRowFromAheadDoesNotHoldBackWhatComesAfter() {
        var changes = ItemChanges(interval: 100)
        changes.note(1, time: 9_000_000)
        #expect(changes.take() == 1)
        changes.note(1, time: 1000)
        #expect(changes.take() == 1)
        changes.note(1, time: 1050)
        #expect(changes.take() == nil)
    }

    @Test func whatIsUrgentWaitsForNoInterval() {
        var changes = ItemChanges(interval: 100)
        changes.note(1, time: 1000)
        #expect(changes.take() == 1)
        changes.note(1, time: 1001, isUrgent: true)
        changes.note(1, time: 1002, isUrgent: true)
        #expect(changes.take() == 1 && changes.take() == nil)
    }

    /// What a new leader finds comes after what changes, once, and nobody waits for it.
    @Test func whatWasFoundComesLast() {
        let table = ItemTable(settings: ItemTable.Settings())
        for item in ["a", "b", "c"] { table.catalogue(item: table.identifiers.intern(item), .init()) }
        var changes = ItemChanges(interval: 100)
        changes.noteAll(table)
        #expect(changes.count == 0)
        changes.note(2, time: 50)
        #expect(changes.count == 1)
        #expect((0..<4).map { _ in changes.take() } == [2, 0, 1, nil])
    }

    @Test func theQueueStaysAsLongAsWhatWaits() {
        var changes = ItemChanges(interval: 1)
        for time in 0..<20_000 {
            changes.note(IdentifierTable.Number(time % 3000), time: Int64(time) * 10)
            if time % 10 > 0 { _ = changes.take() }
        }
        var left = 0
        while changes.take() != nil { left += 1 }
        #expect(left == changes.count + left && left < 3000)
    }
}
