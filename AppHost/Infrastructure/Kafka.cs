using Aspire.Hosting.ApplicationModel;
using Billing.Contracts;
using Billing.LocalTools;
using Microsoft.Extensions.Configuration;

namespace Billing.AppHost.Infrastructure;

/// <summary>The broker that was taken.</summary>
/// <param name="Bootstrap">Its address, for <c>ConnectionStrings__kafka</c>.</param>
/// <param name="Resource">What others wait for; null for a broker that is not ours to start.</param>
/// <param name="IsEmbedded">Its readers are told what it cannot do.</param>
public sealed record KafkaBroker(
    IResourceBuilder<IResourceWithConnectionString> Bootstrap, IResourceBuilder<IResource>? Resource,
    bool IsEmbedded = false);

/// <summary>Kafka: given, in a container, installed here, or embedded.</summary>
internal static class Kafka
{
    private const string Address = "kafka-address";

    /// <summary>Takes the first that can be had; a setting <c>Billing__Kafka</c> picks one.</summary>
    public static KafkaBroker Take(Stack stack)
    {
        KafkaBinaries.Found? found = null;
        var taken = stack.Take(new Offers(
            Resources.Kafka,
            stack.Builder.Configuration["Billing:Kafka"],
            stack.Given(Resources.Kafka),
            stack.Container,
            () => (found = KafkaBinaries.Find(out var why)) is not null
                ? new Answer(true, why) : new Answer(false, why),
            new Answer(true, "embedded broker, in memory: usage that is unread when it stops is lost")));

        var broker = taken switch
        {
            Source.Given => Given(stack),
            Source.Container => InContainer(stack),
            Source.Binaries => Installed(stack, found!),
            _ => Embedded(stack),
        };
        stack.Taken.Kafka = broker.Bootstrap.Resource;
        return broker;
    }

    private static KafkaBroker Given(Stack stack)
    {
        var given = stack.Builder.Configuration.GetConnectionString(Resources.Kafka)!;
        GivenServers.CheckKafka(given);
        var bootstrap = stack.Builder.AddConnectionString(Resources.Kafka)
            .WithHealthCheck(stack.AddKafkaCheck(_ => ValueTask.FromResult<string?>(given)));

        return new(bootstrap, Resource: null);
    }

    private static KafkaBroker InContainer(Stack stack)
    {
        // Its own health check asks the broker.
        var broker = stack.Builder.AddKafka(Resources.Kafka).WithDataVolume(stack.Volume(Resources.Kafka));
        return new(broker, broker);
    }

    private static KafkaBroker Installed(Stack stack, KafkaBinaries.Found binaries)
    {
        var kafka = LocalKafka.Prepare(binaries, stack.Installation.Folder("kafka"), stack.Say);
        var port = stack.Port(Resources.Kafka);
        var (command, arguments) = kafka.StartCommand(port);
        var broker = stack.Builder
            .AddExecutable(Resources.Kafka, command, stack.Installation.Directory, arguments)
            .WithEndpoint(port, port, scheme: "tcp", name: "tcp", isProxied: false);
        var address = ReferenceExpression.Create(
            $"127.0.0.1:{broker.GetEndpoint("tcp").Property(EndpointProperty.Port)}");
        broker.WithHealthCheck(stack.AddKafkaCheck(cancellation => address.GetValueAsync(cancellation)));

        return new(stack.Builder.AddConnectionString(Address, address), broker);
    }

    private static KafkaBroker Embedded(Stack stack)
    {
        var file = new AddressFile(stack.Installation.Folder("kafka-address"));
        file.Forget();
        var broker = stack.Builder.AddExecutable(
            Resources.Kafka, EmbeddedBroker.Dotnet, stack.Installation.Directory,
            EmbeddedBroker.Program, "--address-file", file.Path);
        broker.WithHealthCheck(stack.AddKafkaCheck(_ => ValueTask.FromResult(file.Read())));
        EmbeddedBroker.FollowItsAddress(stack.Builder, file);

        return new(
            stack.Builder.AddConnectionString(Address, ReferenceExpression.Create($"{file}")), broker,
            IsEmbedded: true);
    }
}
