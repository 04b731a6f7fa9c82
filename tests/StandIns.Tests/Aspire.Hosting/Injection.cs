using System.Net.Http.Json;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using static Billing.StandIns.Tests.AspireHosting.Applications;

namespace Billing.StandIns.Tests.AspireHosting;

/// <summary>Runs the entry point of the sample host, as a test of a real application host does.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class Injection
{
    [Test, CancelAfter(Limit)]
    public async Task a_project_finds_everything_where_aspire_puts_it(CancellationToken cancellation)
    {
        string[] arguments = ["--ConnectionStrings:database=Host=db;Password=p", "--AppHost:OtlpApiKey=key"];
        await using var builder =
            await DistributedApplicationTestingBuilder.CreateAsync<SampleHost.Program>(arguments, cancellation);
        var server = builder.CreateResourceBuilder<ProjectResource>("server");
        var caller = builder.AddProject("caller", ".", options => options.ExcludeLaunchProfile = true)
            .WithArgs("serve").WithHttpEndpoint().WithHttpHealthCheck("/health")
            .WithReference(server)
            .WithReference(builder.CreateResourceBuilder<IResourceWithConnectionString>("database"), "store")
            .WithEnvironment("SERVER_PORT", server.GetEndpoint("http").Property(EndpointProperty.Port))
            .WithEnvironment("OTEL_SERVICE_NAME", "my own");
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);
        await application.ResourceNotifications.WaitForResourceHealthyAsync("caller", cancellation);

        using var client = application.CreateHttpClient("caller");
        var found = await client.GetFromJsonAsync<Dictionary<string, string>>("/environment", cancellation);
        var url = application.GetEndpoint("server").ToString().TrimEnd('/');

        found.ShouldNotBeNull();
        Pick("services__server__http__0").ShouldBe(url);
        Pick("SERVER_HTTP").ShouldBe(url);
        Pick("SERVER_PORT").ShouldBe(new Uri(url).Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Pick("ConnectionStrings__store").ShouldBe("Host=db;Password=p");
        Pick("ASPNETCORE_URLS").ShouldBe(caller.GetEndpoint("http").Url);
        Pick("ASPNETCORE_ENVIRONMENT").ShouldBe("Development");
        Pick("DOTNET_ENVIRONMENT").ShouldBe("Development");
        Pick("OTEL_SERVICE_NAME").ShouldBe("my own");
        Pick("OTEL_EXPORTER_OTLP_ENDPOINT").ShouldBe("http://localhost:18889");
        Pick("OTEL_EXPORTER_OTLP_PROTOCOL").ShouldBe("grpc");
        Pick("OTEL_EXPORTER_OTLP_HEADERS").ShouldBe("x-otlp-api-key=key");
        Pick("OTEL_RESOURCE_ATTRIBUTES").ShouldNotBeNull().ShouldStartWith("service.instance.id=");
        Pick("OTEL_BSP_SCHEDULE_DELAY").ShouldBe("1000");
        Pick("OTEL_BLRP_SCHEDULE_DELAY").ShouldBe("1000");
        Pick("OTEL_METRIC_EXPORT_INTERVAL").ShouldBe("1000");

        string? Pick(string name) => found!.GetValueOrDefault(name);
    }

    [Test, CancelAfter(Limit)]
    public async Task the_entry_point_goes_on_only_when_the_test_builds(CancellationToken cancellation)
    {
        await using var builder =
            await DistributedApplicationTestingBuilder.CreateAsync<SampleHost.Program>([], cancellation);

        builder.AppHostAssembly.ShouldBe(typeof(SampleHost.Program).Assembly);
        Directory.GetFiles(builder.AppHostDirectory).Select(Path.GetFileName)
            .ShouldContain("SampleHost.csproj");
        builder.Services.GetRequiredServiceOption().DisableDashboard.ShouldBeTrue();
        builder.Resources.Select(each => each.Name).ShouldBe(["database", "server", "job", "stubborn"]);
    }

    [Test, CancelAfter(Limit)]
    public async Task an_entry_point_that_fails_fails_the_test_with_its_own_words(CancellationToken cancellation)
    {
        var wrong = await Should.ThrowAsync<FormatException>(
            () => DistributedApplicationTestingBuilder.CreateAsync<SampleHost.Program>(
                ["--no-equals-sign", "--=x", "-x"], (_, _) => throw new FormatException("mine"), cancellation));

        wrong.Message.ShouldBe("mine");
    }

    [Test, CancelAfter(Limit)]
    public async Task secrets_are_known_as_such(CancellationToken cancellation)
    {
        await using var builder = DistributedApplicationTestingBuilder.Create();
        var key = builder.AddParameter("key", "hush", secret: true);
        builder.Configuration["ConnectionStrings:store"] = "Host=h";
        builder.AddShell("service", Forever)
            .WithEnvironment("KEY_IN_TEXT", $"key={key}")
            .WithEnvironment("STRIPE_SECRET", "typed in")
            .WithEnvironment("DATABASE", "Host=h;Password=p")
            .WithEnvironment("ADDRESS", "http://user:pass@host/")
            .WithReference(builder.AddConnectionString("store"))
            .WithEnvironment("PLAIN", "http://host:80/");
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);
        await application.RunningProcess("service", cancellation);

        var source = application.Services.GetRequiredService<global::Aspire.Hosting.Orchestration.ResourceSource>();
        source.Resources.Single(each => each.Name == "service").Environment
            .Where(each => !each.IsSecret).Select(each => each.Name).ShouldBe(["PLAIN"]);
    }

    [Test, CancelAfter(Limit)]
    public async Task a_port_that_is_taken_is_said_by_the_resource(CancellationToken cancellation)
    {
        using var other = new TcpListener(System.Net.IPAddress.Loopback, 0);
        other.Start();
        var port = ((System.Net.IPEndPoint)other.LocalEndpoint).Port;
        await using var builder = DistributedApplicationTestingBuilder.Create();
        builder.AddShell("service", Forever).WithHttpEndpoint(targetPort: port, isProxied: false);
        await using var application = await builder.BuildAsync(cancellation);
        await application.StartAsync(cancellation);

        var failed = await application.ResourceNotifications.WaitForResourceAsync(
            "service", each => each.Snapshot.State?.Text == KnownResourceStates.FailedToStart, cancellation);

        failed.ReasonOf().ShouldBe($"port {port} of its endpoint 'http' is taken.");
    }
}

internal static class TestingBuilderOptions
{
    public static DistributedApplicationOptions GetRequiredServiceOption(this IServiceCollection services) =>
        (DistributedApplicationOptions)services
            .Last(each => each.ServiceType == typeof(DistributedApplicationOptions)).ImplementationInstance!;
}
