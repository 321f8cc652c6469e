// A basket, and then the same basket as it changes. Needs @grpc/grpc-js and @grpc/proto-loader, and flock of util-linux.
'use strict';
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const data = process.env.XDG_DATA_HOME || path.join(os.homedir(), '.local', 'share');
const home = process.env.BASKETGEX_HOME || path.join(data, 'basketgex');

// A server that was killed leaves its runtime file, and another program may have its port: the token goes to whoever holds the lock.
function alive() {
  const lock = path.join(home, 'lock');
  const tried = fs.existsSync(lock) && spawnSync('flock', ['--shared', '--nonblock', lock, 'true']);
  if (tried && tried.error) throw tried.error;
  return tried && tried.status !== 0;
}
if (!alive()) throw new Error('No server runs: start one with basketgex serve.');
const address = JSON.parse(fs.readFileSync(path.join(home, 'runtime.json'), 'utf8')).grpc;
const token = fs.readFileSync(path.join(home, 'token'), 'utf8').trim();

// The folder of the contract, above basketgex/v1: see "The contract" in docs/grpc.md.
const definition = loader.loadSync('basketgex/v1/exposure.proto', {
  includeDirs: [process.argv[2]], keepCase: true, enums: String, defaults: true, longs: Number,
});
const { ExposureService } = grpc.loadPackageDefinition(definition).basketgex.v1;
const service = new ExposureService(address, grpc.credentials.createInsecure(), {
  'grpc.enable_http_proxy': 0,
  'grpc.keepalive_time_ms': 30000,
  'grpc.max_receive_message_length': 64 << 20,
});
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${token}`);

const request = { symbols: ['AAPL', 'MSFT', 'NVDA'], weights: [0.4, 0.3, 0.3] };
service.GetBasket(request, metadata, { deadline: Date.now() + 30000 }, (error, reply) => {
  if (error) {
    console.error(error.details, error.metadata.get('basketgex-code')[0]);
    process.exit(1);
  }
  const { basket, origin } = reply;
  console.log(`net GEX ${(basket.net.gex / 1e6).toFixed(1)} m USD per 1 % (${origin.label})`);
  for (const name of basket.constituents) console.log(name.symbol, (name.net.gex / 1e6).toFixed(1), name.regime);

  const baskets = { symbols: request.symbols, offsets: [0, 3], symbol_index: [0, 1, 2], weights: request.weights };
  const stream = service.WatchBaskets({ baskets, pace: 2, heartbeat: 1 }, metadata);
  stream.on('data', (message) => {
    if (message.changed.length) return console.log('changed:', message.changed, message.baskets.baskets.gex[0].toFixed(0));
    console.log('nothing new');
    stream.cancel();
  });
  stream.on('error', (ended) => process.exit(ended.code === grpc.status.CANCELLED ? 0 : 1));
});
