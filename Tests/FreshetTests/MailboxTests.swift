import Foundation
import Synchronization
import Testing

@testable import freshet

@Suite struct MailboxTests {
    @Test func theOwnerAnswersBetweenTwoRounds() throws {
        let mailbox = Mailbox<Int, Int?>()
        let isDone = Atomic(false)
        let thread = Thread {
            while !isDone.load(ordering: .acquiring) {
                mailbox.serve { $0 < 0 ? nil : $0 * 2 }
                usleep(500)
            }
        }
        thread.start()
        defer { isDone.store(true, ordering: .releasing) }
        #expect(try mailbox.ask(21, within: .seconds(10)) == 42)
        #expect(try mailbox.ask(-1, within: .seconds(10)) == nil)
    }

    @Test func nobodyWaitsPastTheDeadline() {
        let mailbox = Mailbox<Int, Int>()
        let began = ContinuousClock.now
        #expect(throws: Mailbox<Int, Int>.Late.self) { _ = try mailbox.ask(1, within: .milliseconds(20)) }
        #expect(ContinuousClock.now - began < .seconds(5))
        // What was given up is not worked on.
        mailbox.serve { _ in
            Issue.record("an abandoned question is answered")
            return 0
        }
    }

    /// One who waits in vain is enough: those behind, and what shares their threads, do not.
    @Test func nobodyWaitsForAnOwnerWhoIsBusy() throws {
        let mailbox = Mailbox<Int, Int>()
        #expect(throws: Mailbox<Int, Int>.Late.self) { _ = try mailbox.ask(1, within: .milliseconds(20)) }
        let began = ContinuousClock.now
        #expect(throws: Mailbox<Int, Int>.Late.self) { _ = try mailbox.ask(1, within: .seconds(60)) }
        #expect(ContinuousClock.now - began < .seconds(30))
        // The owner looks again.
        mailbox.serve { $0 }
        let isDone = Atomic(false)
        Thread.detachNewThread {
            while !isDone.load(ordering: .acquiring) {
                mailbox.serve { $0 + 1 }
                usleep(500)
            }
        }
        defer { isDone.store(true, ordering: .releasing) }
        #expect(try mailbox.ask(1, within: .seconds(30)) == 2)
    }

    @Test func aFullBoxRefusesAtOnce() {
        let mailbox = Mailbox<Int, Int>(most: 0)
        let began = ContinuousClock.now
        #expect(throws: Mailbox<Int, Int>.Late.self) { _ = try mailbox.ask(1, within: .seconds(60)) }
        #expect(ContinuousClock.now - began < .seconds(30))
    }
}
