import Foundation
import ServiceKit

@main
struct Freshet {
    static let command = Command(
        "freshet", "Fresh recommendation lists from a stream of shop events.", version: "freshet 0.1.0",
        subcommands: [
            DemoCommand.command,
            ServeCommand.command,
            ProduceCommand.command,
            WatchCommand.command,
            DeadLetterCommand.command,
            TopicsCommand.command,
            DoctorCommand.command,
            StateCommand.command,
            ExplainCommand.command,
            ResetCommand.command,
            ConfigCommand.command,
            ReplayCommand.command,
            EvaluateCommand.command,
            TrainCommand.command,
            ModelsCommand.command,
            TuneCommand.command,
            DataCommand.command,
            TrainingProcess.command,
        ], exitCodes: ExitCodes.table)

    static func main() {
        exit(command.main())
    }
}
