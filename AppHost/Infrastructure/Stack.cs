using Aspire.Hosting.ApplicationModel;
using Billing.AppHost.Reporting;
using Billing.LocalTools;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Billing.AppHost.Infrastructure;

/// <summary>What all parts of one running stack share while it is put together.</summary>
internal sealed class Stack
{
    private readonly Lazy<Answer> container;

    private Stack(IDistributedApplicationBuilder builder)
    {
        Builder = builder;
        Installation = Installation.Open(builder.Configuration);
        // By a factory: disposed, so released, with the host.
        builder.Services.AddSingleton(_ => Installation);
        builder.Services.AddSingleton(Taken);
        container = new(() =>
        {
            var runtime = ContainerRuntime.Find(builder.Configuration[ContainerRuntime.Setting], out var why);
            if (runtime is not null) builder.Configuration[ContainerRuntime.Setting] = runtime;
            return new Answer(runtime is not null, why);
        });
    }

    public IDistributedApplicationBuilder Builder { get; }

    public Installation Installation { get; }

    /// <summary>
    /// A stack on one's own machine is for development unless the environment says otherwise.
    /// </summary>
    public string EnvironmentName =>
        Builder.Configuration["DOTNET_ENVIRONMENT"] ?? Builder.Configuration["ASPNETCORE_ENVIRONMENT"]
        ?? Environments.Development;

    public bool IsDevelopment => EnvironmentName == Environments.Development;

    /// <summary>What was taken, in a line each.</summary>
    public TakenInfrastructure Taken { get; } = new();

    /// <exception cref="PreparationFailed">
    /// Another stack runs on the data folder, or it cannot be written.
    /// </exception>
    public static Stack On(IDistributedApplicationBuilder builder) => new(builder);

    /// <summary>Runs until it is stopped or fails; the exit code.</summary>
    public async Task<int> Run()
    {
        Builder.Services.AddSingleton(new WatchedResources([.. Builder.Resources.Where(IsProcess)]));
        Builder.Services.AddSingleton<Outcome>();
        Builder.Services.AddHostedService<Report>();

        await using var application = Builder.Build();
        var outcome = application.Services.GetRequiredService<Outcome>();
        await application.RunAsync();
        return outcome.ExitCode;
    }

    private static bool IsProcess(IResource resource) =>
        resource is ProjectResource or ExecutableResource or ContainerResource;

    public Source Take(Offers offers)
    {
        switch (Choice.From(offers))
        {
            case Choice.Taken taken:
                var line = $"{offers.Name}: {Choice.Word(taken.Source)} ({taken.Why})";
                Taken.Lines.Add(line);
                Say(line);
                return taken.Source;
            case Choice.None none:
                throw new PreparationFailed(none.Sentence);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    public Answer Given(string name) =>
        string.IsNullOrEmpty(Builder.Configuration.GetConnectionString(name))
            ? new(false, $"ConnectionStrings__{name} is not set")
            : new(true, $"ConnectionStrings__{name} is set");

    public Answer Container() => container.Value;

    /// <summary>A password of this installation as a parameter, hidden on the dashboard.</summary>
    public IResourceBuilder<ParameterResource> Secret(string name) =>
        Builder.AddParameter($"{name}-password", Installation.Secrets[name], secret: true);

    /// <summary>
    /// A container's volume, named after this data folder: one that is made anew gets another.
    /// </summary>
    public string Volume(string name) => $"billing-{Installation.Secrets["volumes"][..12]}-{name}";

    /// <summary>
    /// The port that the user asks for with <c>Billing__PostgresPort</c> or <c>…KafkaPort</c>, else a free
    /// one.
    /// </summary>
    /// <exception cref="PreparationFailed">It is taken, or no port at all.</exception>
    public int Port(string name)
    {
        var setting = $"{char.ToUpperInvariant(name[0])}{name[1..]}Port";
        if (Builder.Configuration[$"Billing:{setting}"] is not { Length: > 0 } asked) return FreePort.Find();
        if (!ushort.TryParse(asked, out var port) || port == 0)
            throw new PreparationFailed($"Billing__{setting}={asked} is not a port.");

        return FreePort.IsFree(port) ? port : throw new PreparationFailed(
            $"Port {port} is taken: set Billing__{setting} to another one, or leave it out for a free one.");
    }

    public void Say(string line)
    {
        _ = this;
        System.Console.WriteLine(line);
    }
}

/// <summary>Which infrastructure this run stands on and why, a line each.</summary>
public sealed class TakenInfrastructure
{
    public IList<string> Lines { get; } = [];

    /// <summary>Where PostgreSQL answers; without user and database.</summary>
    public IValueProvider? Postgres { get; set; }

    /// <summary>Where Kafka answers.</summary>
    public IResourceWithConnectionString? Kafka { get; set; }
}
