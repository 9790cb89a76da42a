internal import Synchronization
internal import Models

/// The generation that a process serves, for those of its parts that follow `freshet.models` on their own: what the first
/// of them has read and decoded the others take over. Safe to use from several threads.
public final class GenerationCache: Sendable {
    private let latest = Mutex<(choice: GenerationShelf.Choice, generation: Generation)?>(nil)
    private let unreadable = Mutex<[GenerationShelf.Choice]>([])

    public init() {}

    func generation(_ choice: GenerationShelf.Choice) -> Generation? {
        latest.withLock { $0?.choice == choice ? $0?.generation : nil }
    }

    func keep(_ generation: Generation, _ choice: GenerationShelf.Choice) {
        latest.withLock { $0 = (choice, generation) }
    }

    /// Whether none of the process's followers has said yet that it cannot read this one.
    func isFirst(unreadable choice: GenerationShelf.Choice) -> Bool {
        unreadable.withLock { known in
            guard !known.contains(choice) else { return false }
            known.append(choice)
            return true
        }
    }
}
