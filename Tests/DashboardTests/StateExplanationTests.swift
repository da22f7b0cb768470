import ContractRuntime
import FoundationEssentials
import Generated
import Testing

@testable import Dashboard

@Suite struct StateExplanationTests {
    private func command(_ type: CommandType, _ status: CommandStatus, reason: String? = nil) -> Command {
        Command(
            commandID: UUID(),
            instanceID: "i1",
            commandType: type,
            issuedAt: .now,
            expiresAt: .now,
            payload: .empty,
            status: status,
            createdBy: "ann",
            createdAt: .now,
            reason: reason,
            supersedes: nil,
            firstDeliveredAt: nil,
            deliveryCount: 1
        )
    }

    private func text(_ status: InstanceStatus, _ commands: Command...) -> String? {
        StateExplanation.cell(status, commands).text
    }

    @Test func `the newest command that changed the state is the cause`() {
        let flatten = command(.flatten, .completed, reason: "venue closed")
        let cell = StateExplanation.cell(
            .flattened,
            [command(.syncBalance, .completed), flatten, command(.start, .completed)]
        )
        #expect(cell.text == "FLATTEN by ann")
        #expect(cell.note == "venue closed")
        #expect(cell.href == "/commands/\(flatten.commandID.text)")
    }

    @Test func `a cause that the instance reports is shown, and commands tell more than COMMAND`() {
        let texts = [StateCause.deadMan, .leaseLost, .bot, .command].map { StateExplanation.cell($0)?.text }
        #expect(texts == ["its dead-man switch", "a lost lease", "the bot itself", nil])
        #expect(text(.safeMode, command(.safeMode, .completed)) == "SAFE_MODE by ann")
    }

    @Test func `commands that did not reach the agent are no cause`() {
        #expect(text(.safeMode, command(.safeMode, .expired), command(.safeMode, .pending)) == "the instance itself")
        #expect(text(.safeMode, command(.start, .completed), command(.safeMode, .completed)) == "the instance itself")
        #expect(text(.stopped) == "the instance itself")
    }

    @Test func `a FLATTEN that failed leaves SAFE_MODE, and a START that failed leaves the state`() {
        #expect(text(.safeMode, command(.flatten, .failed)) == "FLATTEN by ann (FAILED)")
        #expect(text(.safeMode, command(.start, .failed), command(.safeMode, .completed)) == "SAFE_MODE by ann")
        #expect(text(.safeMode, command(.flatten, .completed)) == "the instance itself")
    }

    @Test func `only states that restrict trading have a cause`() {
        let explained = InstanceStatus.allCases.filter(StateExplanation.explains)
        #expect(Set(explained) == [.safeMode, .flattened, .reduceOnly, .stopped])
    }
}
