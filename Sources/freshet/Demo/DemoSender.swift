import Foundation
import Kafka
import Pipeline
import ServiceKit

/// Sends the demo's events: what happened before at once, the live part when it is due.
final class DemoSender {
    private let sender: EventSender
    private let board: DemoBoard
    private let stop: Latch
    /// When each tagged event was sent.
    private var sentAt: [LatencyBook.Moment?] = [nil]
    private var liveFrom = 0.0
    private static let patienceSeconds = 60.0

    init(_ deployment: Deployment, _ board: DemoBoard, _ stop: Latch) throws {
        var settings = deployment.client
        settings["linger.ms"] = "0"
        sender = try EventSender(settings, topic: deployment.topics.events)
        self.board = board
        self.stop = stop
    }

    var sent: Int { sender.sent }

    func play(_ story: DemoStory, liveSeconds: Double) throws {
        for event in story.events[..<story.pastCount] where !stop.isSet { try send(event, isLive: false) }
        try sender.finish()
        try waitForService()
        board.with { $0.part = .live }
        liveFrom = board.now
        for event in story.events[story.pastCount...] {
            try wait(until: event.due)
            if stop.isSet { break }
            try send(event, isLive: true)
            board.with { $0.liveSeconds = board.now - liveFrom }
        }
        try sender.finish()
        collect()
    }

    /// Goes on at the pace of the clock, until nobody reads any more what is printed, and keeps nothing for the check.
    func follow(_ goOn: (() -> DemoEvent)?) throws {
        guard let goOn else {
            while !stop.wait(for: .milliseconds(500)), !LineOutput.standardOutput.isReaderGone { try failIfOver() }
            return
        }
        var first: Int64?
        let from = board.now
        while !stop.isSet, !LineOutput.standardOutput.isReaderGone {
            let event = goOn()
            if first == nil { first = event.time }
            liveFrom = 0
            try wait(until: from + Double(event.time - (first ?? event.time)) / 1000)
            if stop.isSet { return }
            try send(event, isLive: true)
        }
    }

    private func send(_ event: DemoEvent, isLive: Bool) throws {
        board.sending(event, isLive: isLive)
        let generation = board.with { $0.generation }
        let counts = isLive && !event.isBroken
        sentAt.append(counts ? .init(at: DispatchTime.now().uptimeNanoseconds, generation: generation) : nil)
        try event.key.withUnsafeBytes { key in
            try event.value.withUnsafeBytes { try sender.send(key: key, value: $0, tag: UInt64(sentAt.count - 1)) }
        }
        if isLive { collect() }
    }

    /// The service joins its group, and takes what was waiting; its lists are read.
    private func waitForService() throws {
        var (listsRead, quietSince) = (-1, board.now)
        var (taken, movedAt) = (0, board.now)
        while !stop.wait(for: .milliseconds(20)) {
            collect()
            let isDone = board.with { state in
                if state.part == .joining, state.taken > 0 { state.part = .catchingUp }
                return state.isServiceReady && state.taken >= state.sent
            }
            let read = board.with { $0.listsRead }
            if read != listsRead || !isDone { (listsRead, quietSince) = (read, board.now) }
            if isDone, board.now - quietSince > 0.3 { return }
            try failIfOver()
            let now = board.with { $0.taken }
            if now != taken { (taken, movedAt) = (now, board.now) }
            guard board.now - movedAt < Self.patienceSeconds || isDone else {
                throw CommandFailure(
                    "the service has taken \(HumanFormat.grouped(taken)) of \(HumanFormat.grouped(sent)) events, and none "
                        + "for \(Int(Self.patienceSeconds)) s",
                    remedy: "is the machine busy? Try again with --events 5000")
            }
        }
    }

    private func wait(until due: Double) throws {
        while !stop.isSet {
            let left = due - (board.now - liveFrom)
            try sender.serve()
            collect()
            guard left > 0 else { return }
            try failIfOver()
            Thread.sleep(forTimeInterval: min(left, 0.004))
        }
    }

    private func failIfOver() throws {
        if let failure = board.with({ $0.failure }) { throw CommandFailure(failure) }
    }

    /// Notes where events have gone.
    private func collect() {
        let deliveries = sender.takeDeliveries()
        guard !deliveries.isEmpty else { return }
        board.with { state in
            for delivery in deliveries where delivery.error == nil {
                state.latency.delivered(delivery.partition, delivery.offset, sent: sentAt[Int(delivery.tag)])
            }
        }
    }
}
