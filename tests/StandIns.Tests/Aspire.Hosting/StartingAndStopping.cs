using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Billing.Testbed;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using static Billing.StandIns.Tests.AspireHosting.Applications;

namespace Billing.StandIns.Tests.AspireHosting;

[Parallelizable(ParallelScope.All)]
public sealed class StartingAndStopping
{
    [Test, CancelAfter(Limit)]
    public async Task a_resource_starts_when_what_it_waits_for_is_healthy(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var healthy = builder.AddSwitch("store");
        var store = builder.AddShell("store", Forever).WithHealthCheck("store");
        builder.AddShell("service", Forever).WaitFor(store);
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);

        await application.ResourceNotifications.WaitForResourceAsync(
            "store", each => each.Snapshot.HealthReports.Any(report => report.Status == HealthStatus.Unhealthy),
            cancellation);
        await Until(() => application.StateOf("service") == KnownResourceStates.Waiting, cancellation);

        healthy.IsOn = true;
        await application.RunningProcess("service", cancellation);
    }

    [Test, CancelAfter(Limit)]
    public async Task others_go_on_only_when_all_is_done_that_was_to_be_done_once_a_resource_is_ready(
        CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var asked = new TaskCompletionSource();
        var done = new TaskCompletionSource();
        var store = builder.AddShell("store", Forever).OnResourceReady((_, _, _) =>
        {
            asked.SetResult();
            return done.Task;
        });
        builder.AddShell("service", Forever).WaitFor(store);
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);

        await asked.Task.WaitAsync(cancellation);
        await Until(() => application.StateOf("service") == KnownResourceStates.Waiting, cancellation);

        done.SetResult();
        await application.RunningProcess("service", cancellation);
    }

    [Test, CancelAfter(Limit)]
    public async Task a_finished_run_is_not_repeated_and_lets_others_start(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var migration = builder.AddShell("migration", "echo done");
        builder.AddShell("service", Forever).WaitForCompletion(migration);
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);

        await application.RunningProcess("service", cancellation);

        application.StateOf("migration").ShouldBe(KnownResourceStates.Finished);
        (await application.Output("migration", said => said.Length > 0, cancellation)).ShouldBe(["done"]);
    }

    [Test, CancelAfter(Limit)]
    public async Task a_failed_run_keeps_others_from_starting_and_they_say_why(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var migration = builder.AddShell("migration", "echo the disk is full >&2; exit 3");
        builder.AddShell("service", Forever).WaitForCompletion(migration);
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);

        var service = await application.ResourceNotifications.WaitForResourceAsync(
            "service", each => each.Snapshot.State?.Text == KnownResourceStates.FailedToStart, cancellation);

        service.ReasonOf().ShouldBe(
            "Resource 'service' cannot start because 'migration' ended with exit code 3: the disk is full");
        application.StateOf("migration").ShouldBe(KnownResourceStates.Exited);
    }

    [Test, CancelAfter(Limit)]
    public async Task what_cannot_be_started_says_why_in_one_sentence(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddExecutable("ghost", "no-such-program", ".");
        builder.AddProject("unbuilt", Path.Combine(TestContext.CurrentContext.TestDirectory, "nowhere.csproj"));
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);

        (await Failed("ghost")).ShouldBe("the program 'no-such-program' does not exist.");
        (await Failed("unbuilt")).ShouldStartWith("the project '").ShouldEndWith("' does not exist.");

        async Task<string> Failed(string name) => (await application.ResourceNotifications.WaitForResourceAsync(
            name, each => each.Snapshot.State?.Text == KnownResourceStates.FailedToStart, cancellation)).ReasonOf()!;
    }

    [Test, CancelAfter(Limit)]
    public async Task what_needs_others_stops_before_them(CancellationToken cancellation)
    {
        var file = Path.GetTempFileName();
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var store = builder.AddShell("store", Deaf("store"));
        var service = builder.AddShell("service", Deaf("service")).WaitFor(store);
        builder.AddShell("page", Deaf("page")).WaitFor(service);
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);
        foreach (var name in new[] { "store", "service", "page" })
        {
            await application.Output(name, said => said.Contains("ready"), cancellation);
        }

        await application.StopAsync(cancellation);

        File.ReadAllLines(file).ShouldBe(["page", "service", "store"]);
        File.Delete(file);

        string Deaf(string name) => $"trap 'echo {name} >> {file}; exit 0' TERM; echo ready; {Forever}";
    }

    [Test, CancelAfter(Limit)]
    public async Task a_process_that_crashes_is_back_within_five_seconds(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddSwitch("check").IsOn = true;
        builder.AddShell("service", Forever).WithHealthCheck("check");
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);
        await application.ResourceNotifications.WaitForResourceHealthyAsync("service", cancellation);
        var first = await application.RunningProcess("service", cancellation);

        using var process = Process.GetProcessById(first);
        process.Kill();
        var since = Stopwatch.GetTimestamp();
        await application.RunningProcess("service", cancellation, otherThan: first);
        await application.ResourceNotifications.WaitForResourceHealthyAsync("service", cancellation);

        // Where other tests run at the same time, what those take is not ours.
        Stopwatch.GetElapsedTime(since).ShouldBeLessThan(TimeSpan.FromSeconds(TestSize.Of(30, 5)));
    }

    [Test, CancelAfter(Limit)]
    public async Task commands_stop_start_and_restart_a_resource(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddShell("service", Forever).WithExplicitStart();
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);
        application.StateOf("service").ShouldBe(KnownResourceStates.NotStarted);

        await Command(KnownResourceCommands.StartCommand);
        var first = await application.RunningProcess("service", cancellation);
        await Command(KnownResourceCommands.RestartCommand);
        var second = await application.RunningProcess("service", cancellation);
        await Command(KnownResourceCommands.StopCommand);

        second.ShouldNotBe(first);
        application.StateOf("service").ShouldBe(KnownResourceStates.Exited);

        async Task Command(string name) =>
            (await application.ResourceCommands.ExecuteCommandAsync("service", name, cancellation))
                .Success.ShouldBeTrue();
    }

    [Test, CancelAfter(Limit)]
    public async Task variables_are_asked_for_anew_at_every_start(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var address = "first";
        builder.AddShell("service", $"echo $ADDRESS; {Forever}").WithEnvironment("ADDRESS", () => address);
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);
        await application.Output("service", said => said.Contains("first"), cancellation);

        address = "second";
        await application.ResourceCommands.ExecuteCommandAsync(
            "service", KnownResourceCommands.RestartCommand, cancellation);

        await application.Output("service", said => said.Contains("second"), cancellation);
    }

    [Test, CancelAfter(Limit)]
    public async Task resources_that_wait_for_each_other_in_a_circle_are_refused(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var one = builder.AddShell("one", Forever);
        var two = builder.AddShell("two", Forever).WaitFor(one);
        one.WaitFor(two);
        await using var application = await builder.BuildAsync(cancellation);

        var refused = await Should.ThrowAsync<DistributedApplicationException>(
            () => application.StartAsync(cancellation));

        refused.Message.ShouldBe("Resources wait for each other in a circle: one -> two -> one.");
    }

    [Test, CancelAfter(Limit)]
    public async Task a_check_that_nobody_registered_is_refused(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddShell("service", Forever).WithHealthCheck("forgotten");
        await using var application = await builder.BuildAsync(cancellation);

        var refused = await Should.ThrowAsync<DistributedApplicationException>(
            () => application.StartAsync(cancellation));

        refused.Message.ShouldContain("'service'").ShouldContain("'forgotten'");
    }
}

internal static class MessageAssertions
{
    public static string ShouldStartWith(this string text, string start)
    {
        ShouldBeStringTestExtensions.ShouldStartWith(text, start);
        return text;
    }

    public static string ShouldContain(this string text, string part)
    {
        ShouldBeStringTestExtensions.ShouldContain(text, part);
        return text;
    }
}
