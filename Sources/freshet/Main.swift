internal import Foundation
internal import ServiceKit

@main
struct Freshet {
    static func main() {
        exit(Command("freshet", "Fresh lists from a stream of events.", subcommands: [EvaluateCommand.command]).main())
    }
}
