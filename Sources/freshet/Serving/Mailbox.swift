import ServiceKit
import Synchronization

/// Where other threads leave questions for a thread that owns what the answers come from.
///
/// The asker waits, for a bounded time; the owner answers whenever it calls ``serve(_:)``, between two rounds. Nothing
/// is ever copied out of the owner's tables but the answers.
final class Mailbox<Question: Sendable, Answer: Sendable>: Sendable {
    /// Nobody answered in time, too many were waiting, or the owner is at something that has kept another one waiting already.
    struct Late: Error {}

    /// One question; answered at most once, by the owner.
    private final class Letter: Sendable {
        enum Fate {
            case waiting
            case answered(Answer)
            case abandoned
        }

        let question: Question
        let fate = Mutex<Fate>(.waiting)
        /// No semaphore, whose timed wait goes by the wall clock on Linux.
        let arrived = Latch()

        init(_ question: Question) { self.question = question }
    }

    private let letters = Mutex<[Letter]>([])
    /// So that a round finds out without taking the lock.
    private let count = Atomic(0)
    /// Whether somebody has waited in vain since the owner last looked.
    private let isBusy = Atomic(false)
    /// Questions that may wait at a time.
    private let most: Int

    init(most: Int = 256) { self.most = most }

    /// Blocks until the owner has answered. Who has waited in vain has done so for all until the owner looks again: askers share
    /// their threads with others who ask for nothing here.
    /// - Throws: ``Late`` when the deadline has passed.
    func ask(_ question: Question, within deadline: Duration) throws(Late) -> Answer {
        guard !isBusy.load(ordering: .acquiring) else { throw Late() }
        let letter = Letter(question)
        let isPosted = letters.withLock { letters in
            guard letters.count < most else { return false }
            letters.append(letter)
            count.store(letters.count, ordering: .releasing)
            return true
        }
        guard isPosted else { throw Late() }
        letter.arrived.wait(for: deadline)
        let answer = letter.fate.withLock { fate -> Answer? in
            if case .answered(let answer) = fate { return answer }
            fate = .abandoned
            return nil
        }
        guard let answer else {
            isBusy.store(true, ordering: .releasing)
            throw Late()
        }
        return answer
    }

    /// Answers what was asked, in that order; what nobody waits for any longer is dropped. For the owner's thread.
    /// - Parameter budget: no new answer is begun after so long: the owner has other work.
    func serve(budget: Duration = .milliseconds(5), _ answer: (Question) -> Answer) {
        if isBusy.load(ordering: .relaxed) { isBusy.store(false, ordering: .releasing) }
        guard count.load(ordering: .acquiring) > 0 else { return }
        let clock = ContinuousClock()
        let end = clock.now + budget
        while let letter = takeFirst() {
            let isWaiting = letter.fate.withLock { if case .waiting = $0 { true } else { false } }
            guard isWaiting else { continue }
            let answer = answer(letter.question)
            letter.fate.withLock { if case .waiting = $0 { $0 = .answered(answer) } }
            letter.arrived.set()
            if clock.now >= end { return }
        }
    }

    private func takeFirst() -> Letter? {
        letters.withLock { letters in
            guard !letters.isEmpty else { return nil }
            let first = letters.removeFirst()
            count.store(letters.count, ordering: .releasing)
            return first
        }
    }
}
