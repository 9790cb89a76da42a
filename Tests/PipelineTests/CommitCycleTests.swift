import Testing

@testable import Pipeline

/// The state machine of commits, edge by edge.
struct CommitCycleTests {
    @Test func aCommitRunsAndSettles() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        #expect(cycle.isIdle && !cycle.isRunning)
        cycle.begin(now: 1000)
        #expect(cycle.state == .running && cycle.isRunning && !cycle.isIdle)
        #expect(cycle.finish(.committed) == .settle)
        #expect(cycle.isIdle)
    }

    @Test func theNextOneIsDueAnIntervalAfterTheLastBegan() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        cycle.begin(now: 1000)
        _ = cycle.finish(.committed)
        #expect(cycle.dueIn(now: 1000) == 100)
        #expect(cycle.dueIn(now: 1099) == 1)
        #expect(cycle.dueIn(now: 1100) == 0)
        #expect(cycle.dueIn(now: 5000) == 0)
    }

    @Test func anAbortedCommitIsBegunAgain() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        cycle.begin(now: 0)
        #expect(cycle.finish(.aborted(reason: "why")) == .repeatRecords(reason: "why"))
        #expect(cycle.state == .aborted && !cycle.isIdle && !cycle.isRunning)
        cycle.begin(now: 50)
        #expect(cycle.isRunning && cycle.begunAt == 50)
        #expect(cycle.finish(.aborted(reason: "again")) == .repeatRecords(reason: "again"))
        cycle.begin(now: 60)
        #expect(cycle.finish(.committed) == .settle)
    }

    @Test func abortsWithoutEndStartOver() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        for abort in 1..<CommitCycle.abortsMax {
            cycle.begin(now: UInt64(abort))
            #expect(cycle.finish(.aborted(reason: "why")) == .repeatRecords(reason: "why"))
        }
        var lucky = cycle
        lucky.begin(now: 100)
        #expect(lucky.finish(.committed) == .settle)
        lucky.begin(now: 200)
        // A success begins a new row.
        #expect(lucky.finish(.aborted(reason: "later")) == .repeatRecords(reason: "later"))
        cycle.begin(now: 100)
        #expect(cycle.finish(.aborted(reason: "why")) == .startOver(reason: "why"))
        #expect(cycle.state == .void(reason: "why"))
    }

    @Test func aFencedOneIsTheEnd() {
        var cycle = CommitCycle(intervalMilliseconds: 100)
        cycle.begin(now: 0)
        #expect(cycle.finish(.fenced(reason: "another")) == .giveUp(reason: "another"))
        #expect(cycle.state == .void(reason: "another"))
        for outcome in [CommitOutcome.committed, .aborted(reason: ""), .fenced(reason: "")] {
            #expect(cycle.finish(outcome) == .none)
            #expect(cycle.state == .void(reason: "another"))
        }
    }

    @Test func outcomesOfNoCommitChangeNothing() {
        for outcome in [CommitOutcome.committed, .aborted(reason: ""), .fenced(reason: "")] {
            var idle = CommitCycle(intervalMilliseconds: 1)
            #expect(idle.finish(outcome) == .none)
            #expect(idle.isIdle)
            var aborted = CommitCycle(intervalMilliseconds: 1)
            aborted.begin(now: 0)
            _ = aborted.finish(.aborted(reason: ""))
            #expect(aborted.finish(outcome) == .none)
            #expect(aborted.state == .aborted)
        }
    }
}
