using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Orchestration;
using Aspire.Hosting.Testing;
using static Billing.StandIns.Tests.AspireHosting.Applications;

namespace Billing.StandIns.Tests.AspireHosting;

public sealed class ApplicationModelTests
{
    [Test]
    public void two_resources_of_one_name_are_refused()
    {
        using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddShell("ledger", Forever);

        var refused = Should.Throw<DistributedApplicationException>(() => builder.AddParameter("Ledger"));

        refused.Message.ShouldContain("'Ledger'");
    }

    [TestCase("1st")]
    [TestCase("two--hyphens")]
    [TestCase("ends-")]
    [TestCase("dotted.name")]
    public void a_name_that_is_no_host_name_is_refused(string name)
    {
        using var builder = DistributedApplicationTestingBuilder.Create();

        Should.Throw<ArgumentException>(() => builder.AddParameter(name)).Message.ShouldContain($"'{name}'");
    }

    [Test]
    public async Task a_parameter_without_a_value_names_the_setting_that_is_missing()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var parameter = builder.AddParameter("stripe-key", secret: true).Resource;

        (await Should.ThrowAsync<MissingParameterValueException>(async () => await parameter.GetValueAsync(default)))
            .Message.ShouldContain("'Parameters:stripe-key'");
    }

    [Test]
    public async Task a_parameter_takes_its_value_from_configuration_also_under_a_name_that_shells_can_set()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.Configuration["Parameters:stripe_key"] = "sk";

        (await builder.AddParameter("stripe-key").Resource.GetValueAsync(default)).ShouldBe("sk");
    }

    [Test]
    public async Task an_expression_fills_its_holes_and_keeps_its_braces()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var password = builder.AddParameter("password", "p@ss{word}", secret: true);

        var expression = ReferenceExpression.Create($"{{Host}}={"a{b}"};Password={password:uri}");

        (await expression.GetValueAsync(CancellationToken.None)).ShouldBe("{Host}=a{b};Password=p%40ss%7Bword%7D");
        expression.ValueExpression.ShouldBe("{Host}=a{b};Password={password.value}");
    }

    [Test]
    public async Task a_builder_appends_to_itself_in_order()
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var user = builder.AddParameter("user", "app").Resource;
        var connection = builder.AddConnectionString("store", expression =>
        {
            expression.AppendLiteral("Host=h");
            expression.Append($";Username={user}");
        });

        (await ((IResourceWithConnectionString)connection.Resource).GetConnectionStringAsync())
            .ShouldBe("Host=h;Username=app");
    }

    [Test]
    public void an_endpoint_without_a_port_yet_says_whose_it_is()
    {
        using var builder = DistributedApplicationTestingBuilder.Create();
        var endpoint = builder.AddShell("service", Forever).WithHttpEndpoint().GetEndpoint("http");

        endpoint.IsAllocated.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => endpoint.Url)
            .Message.ShouldBe("The endpoint `http` is not allocated for the resource `service`.");
    }

    [Test]
    public void an_endpoint_that_was_never_added_says_so()
    {
        using var builder = DistributedApplicationTestingBuilder.Create();
        var endpoint = builder.AddShell("service", Forever).GetEndpoint("http");

        endpoint.Exists.ShouldBeFalse();
        Should.Throw<InvalidOperationException>(() => endpoint.EndpointAnnotation)
            .Message.ShouldBe("The endpoint `http` is not defined for the resource `service`.");
    }

    [Test]
    public void nothing_waits_for_itself()
    {
        using var builder = DistributedApplicationTestingBuilder.Create();
        var service = builder.AddShell("service", Forever);

        Should.Throw<DistributedApplicationException>(() => service.WaitFor(service))
            .Message.ShouldBe("The 'service' resource cannot wait for itself.");
    }

    [Test]
    public void resources_that_refer_to_each_other_still_have_an_order()
    {
        using var builder = DistributedApplicationTestingBuilder.Create();
        var store = builder.AddShell("store", Forever);
        var one = builder.AddProject("one", "one.csproj").WithHttpEndpoint().WaitFor(store);
        var two = builder.AddProject("two", "two.csproj").WithHttpEndpoint().WithReference(one);
        one.WithReference(two);

        var order = Dependencies.InOrder([.. builder.Resources]);

        var flat = order.SelectMany(each => each).ToList();
        flat.IndexOf(store.Resource).ShouldBeLessThan(flat.IndexOf(one.Resource));
        order.SelectMany(each => each).ShouldBe(builder.Resources, ignoreOrder: true);
    }

    [Test]
    public void restarts_come_slower_and_are_forgiven_after_good_health()
    {
        var backoff = new Backoff();
        var sick = TimeSpan.Zero;

        Enumerable.Range(0, 9).Select(_ => backoff.After(sick).TotalSeconds)
            .ShouldBe([0.1, 0.5, 1, 2, 4, 8, 16, 30, 30]);
        backoff.After(Backoff.Forgiven).TotalSeconds.ShouldBe(0.1);
    }

    [Test]
    public void a_console_log_keeps_the_newest_lines_within_its_bounds()
    {
        var log = new ConsoleLog(TimeProvider.System);
        for (var i = 1; i <= ConsoleLog.MostLines + 10; i++) log.Add($"line {i}", isError: false);

        var kept = log.After(0, int.MaxValue);
        kept.Count.ShouldBe(ConsoleLog.MostLines);
        kept[0].Number.ShouldBe(11);
        log.After(kept[^3].Number, 1).Select(each => each.Text).ShouldBe([$"line {ConsoleLog.MostLines + 9}"]);

        for (var i = 0; i < 200; i++) log.Add(new string('x', 8192), isError: true);
        log.After(0, int.MaxValue).Sum(each => (long)each.Text.Length)
            .ShouldBeLessThanOrEqualTo(ConsoleLog.MostCharacters);
    }

    [Test]
    public void a_container_is_one_command_line_without_secret_values()
    {
        var run = new ContainerRun(
            "postgres-1a2b3c4d", "1a2b3c4d5e6f",
            new ContainerImageAnnotation { Registry = "docker.io", Image = "library/postgres", Tag = "17.6" },
            Entrypoint: null, ["-c", "max_connections=200"], [(15432, 5432, "tcp"), (15433, 53, "udp")],
            ["POSTGRES_USER", "POSTGRES_PASSWORD"],
            [
                new ContainerMountAnnotation("billing-data", "/data", ContainerMountType.Volume, isReadOnly: false),
                new ContainerMountAnnotation("/srv/init", "/init", ContainerMountType.BindMount, isReadOnly: true),
            ]);

        string.Join(' ', ContainerCommandLine.Of(run)).ShouldBe(
            "run --rm --name postgres-1a2b3c4d --label ASPIRE_APPHOST_RUN=1a2b3c4d5e6f"
            + " -p 127.0.0.1:15432:5432 -p 127.0.0.1:15433:53/udp -e POSTGRES_PASSWORD -e POSTGRES_USER"
            + " --mount type=volume,source=billing-data,target=/data"
            + " --mount type=bind,source=/srv/init,target=/init,readonly"
            + " docker.io/library/postgres:17.6 -c max_connections=200");
    }

    [Test, CancelAfter(Limit)]
    public async Task connection_strings_are_those_of_the_real_packages(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var password = builder.AddParameter("password", "secret", secret: true);
        var postgres = builder.AddPostgres("postgres", password: password).WithExplicitStart();
        postgres.AddDatabase("ledger-store", "ledger");
        builder.AddKafka("kafka").WithDataVolume("kafka-data").WithExplicitStart();
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);

        var port = postgres.GetEndpoint("tcp").Port;
        (await application.GetConnectionStringAsync("ledger-store", cancellation))
            .ShouldBe($"Host=localhost;Port={port};Username=postgres;Password=secret;Database=ledger");
        (await application.GetConnectionStringAsync("kafka", cancellation)).ShouldNotBeNull()
            .ShouldStartWith("localhost:");
    }
}
