import Testing

@testable import Pipeline

/// The state machine of commits, edge by edge.
struct CommitCycleTests {
    @Test func aCommitRunsAndSettles() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        #expect(cycle.isIdle && !cycle.isRunning)
        cycle.begin(now: 1000)
        #expect(cycle.state == .running && cycle.isRunning && !cycle.isIdle)
        #expect(cycle.finish(.committed, now: 0) == .settle)
        #expect(cycle.isIdle)
    }

    @Test func theNextOneIsDueAnIntervalAfterTheLastBegan() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        cycle.begin(now: 1000)
        _ = cycle.finish(.committed, now: 0)
        #expect(cycle.dueIn(now: 1000) == 100)
        #expect(cycle.dueIn(now: 1099) == 1)
        #expect(cycle.dueIn(now: 1100) == 0)
        #expect(cycle.dueIn(now: 5000) == 0)
    }

    /// What came in while a commit was under way waits for the next one, also where the commit is repeated: that sends the
    /// same records.
    @Test func aCommitCoversWhatWasThereWhenItBegan() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        cycle.nothingWaits(now: 900)
        cycle.begin(now: 1000)
        #expect(cycle.coveredAt == 900)
        _ = cycle.finish(.aborted(reason: "why"), now: 1500)
        #expect(cycle.coveredAt == 900)
        cycle.begin(now: 2000)
        _ = cycle.finish(.committed, now: 2500)
        #expect(cycle.coveredAt == 1000)
        cycle.begin(now: 3000)
        _ = cycle.finish(.committed, now: 3100)
        #expect(cycle.coveredAt == 3000)
    }

    /// What is accepted proves who owned the partitions when it was sent, not when its commit was begun.
    @Test func aCommitThatIsHeldBackProvesALaterTime() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        cycle.begin(now: 1000)
        #expect(cycle.ownedAt == 1000)
        cycle.isHeldBack(now: 9000)
        #expect(cycle.ownedAt == 9000 && cycle.begunAt == 1000)
        #expect(cycle.finish(.committed, now: 9500) == .settle)
        cycle.isHeldBack(now: 9900)
        #expect(cycle.ownedAt == 9000, "nothing is under way")
    }

    @Test func anAbortedCommitIsBegunAgain() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        cycle.begin(now: 0)
        #expect(cycle.finish(.aborted(reason: "why"), now: 0) == .repeatRecords(reason: "why"))
        #expect(cycle.state == .aborted && !cycle.isIdle && !cycle.isRunning)
        cycle.begin(now: 50)
        #expect(cycle.isRunning && cycle.begunAt == 50)
        #expect(cycle.finish(.aborted(reason: "again"), now: 0) == .repeatRecords(reason: "again"))
        cycle.begin(now: 60)
        #expect(cycle.finish(.committed, now: 0) == .settle)
    }

    @Test func abortsWithoutEndStartOver() {
        let most = CommitCycle.abortedMillisecondsMax
        var cycle = CommitCycle(intervalMilliseconds: 100)
        for now in stride(from: UInt64(1000), to: 1000 + most, by: 100) {
            cycle.begin(now: now)
            #expect(cycle.dueIn(now: now) == 100, "the next one is no sooner due than any other")
            #expect(cycle.finish(.aborted(reason: "why"), now: now) == .repeatRecords(reason: "why"))
            #expect(cycle.isRepeating)
        }
        var lucky = cycle
        lucky.begin(now: 1000 + most)
        #expect(lucky.finish(.committed, now: 1000 + most) == .settle)
        #expect(!lucky.isRepeating)
        lucky.begin(now: 1100 + most)
        // A success begins a new row.
        #expect(lucky.finish(.aborted(reason: "later"), now: 1200 + most) == .repeatRecords(reason: "later"))
        cycle.begin(now: 1000 + most)
        #expect(cycle.finish(.aborted(reason: "why"), now: 1000 + most) == .startOver(reason: "why"))
        #expect(cycle.state == .void(reason: "why"))
    }

    @Test func aFencedOneIsTheEnd() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        cycle.begin(now: 0)
        #expect(cycle.finish(.fenced(reason: "another"), now: 0) == .giveUp(reason: "another"))
        #expect(cycle.state == .void(reason: "another"))
        for outcome in [CommitOutcome.committed, .aborted(reason: ""), .fenced(reason: "")] {
            #expect(cycle.finish(outcome, now: 0) == .none)
            #expect(cycle.state == .void(reason: "another"))
        }
    }

    @Test func outcomesOfNoCommitChangeNothing() {
        for outcome in [CommitOutcome.committed, .aborted(reason: ""), .fenced(reason: "")] {
            var idle = CommitCycle(intervalMilliseconds: 1)
            #expect(idle.finish(outcome, now: 0) == .none)
            #expect(idle.isIdle)
            var aborted = CommitCycle(intervalMilliseconds: 1)
            aborted.begin(now: 0)
            _ = aborted.finish(.aborted(reason: ""), now: 0)
            #expect(aborted.finish(outcome, now: 0) == .none)
            #expect(aborted.state == .aborted)
        }
    }
}
