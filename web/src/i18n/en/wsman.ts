// Any class of AMT, read and written.

export const wsman = {
  'wsman.operation': 'What is asked',
  'wsman.get': 'Read one',
  'wsman.enumerate': 'Read all',
  'wsman.put': 'Change properties (Put)',
  'wsman.invoke': 'Call a method (Invoke)',
  'wsman.keys': 'Keys of the instance',
  'wsman.keysHint': 'NAME=VALUE, one on each line; only where a class has several instances. NAME:=JSON for keys that are instances, or all as JSON.',
  'wsman.method': 'Method',
  'wsman.properties': 'Properties to change',
  'wsman.propertiesHint': 'NAME=VALUE or NAME:=JSON, one on each line. The instance is read first, and the others stay as they are.',
  'wsman.arguments': 'Arguments',
  'wsman.argumentsHint': 'NAME=VALUE, one on each line; a name that comes twice makes an array. NAME:=JSON for references to instances, or all as JSON.',
  'wsman.bad': '“{line}” is not NAME=VALUE.',
  'wsman.badJson': 'This is no JSON object: {why}',
  'wsman.empty': 'Nothing is to be changed.',
  'wsman.warning': 'This writes to the management engine as it stands; nothing checks whether it makes sense. It can lock you out of the PC.',
  'wsman.ask': 'Go on …',
  'wsman.confirm': '{what} on {name}?',
  'wsman.type': 'Type the PC’s name, {name}, to go on',
  'wsman.go': 'Do it',
  'wsman.done': 'Done: {what}',
  'wsman.refused': 'The method answered {value}: {text}',
  'wsman.result': 'Answer',
  'wsman.nothing': 'The PC answered without a value.',
  'wsman.mayNot': 'Changing anything here needs a right that you do not have.'
}
