internal import Models
internal import Synchronization

/// A generation that is being made from its chunks, on whatever thread.
final class GenerationDecoding: Sendable {
    let choice: GenerationShelf.Choice
    private let outcome = Mutex<Result<Generation, LogError>?>(nil)

    init(_ choice: GenerationShelf.Choice) { self.choice = choice }

    /// Nil as long as it is not done.
    var result: Result<Generation, LogError>? { outcome.withLock { $0 } }

    func decode(_ chunks: [[UInt8]]) {
        var stream: [UInt8] = []
        stream.reserveCapacity(chunks.reduce(0) { $0 + $1.count })
        for chunk in chunks { stream += chunk }
        let result: Result<Generation, LogError>
        do {
            result = .success(try stream.withUnsafeBytes { try GenerationCodec.decode($0) })
        } catch {
            result = .failure(
                LogError(
                    .state,
                    "generation \(choice.number) of the models topic cannot be read: it is damaged, or another version of "
                        + "this program wrote it (\(error)); `freshet models pin NUMBER` serves another one of those that "
                        + "`freshet models list` shows, `freshet train` makes a new one"))
        }
        outcome.withLock { $0 = result }
    }
}
